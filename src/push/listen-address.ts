/** `--listen`: where the platform's messages are awaited on this machine. */
export { formatListen, type ListenAddress, parseListen } from "../shared/listen-address.ts";

/** What is wrong with another form, as a phrase after the flag's name. */
export const LISTEN_FORM = "must be HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787";
