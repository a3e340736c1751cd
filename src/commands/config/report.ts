/** The state of the config, for the commands that look after it. Imports heavy modules: load it lazily. */
export {
  type ConfigReport,
  describeConfig,
  type FileReport,
  type ValueReport,
} from "../../cli/config/describe.ts";
