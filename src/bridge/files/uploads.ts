/** The addresses of files that the platform holds for this workspace (contract 2.10). */
import { isWorkspaceId } from "../../shared/ids.ts";

/** The file's id in `platform-pending:<workspace>/<file_id>`; undefined for any other address. */
export function pendingFileId(uri: string | undefined, workspaceId: string): string | undefined {
  const [, workspace = "", fileId = ""] =
    /^platform-pending:([^/]+)\/([^/]+)$/.exec(uri ?? "") ?? [];
  const isOurs = workspace.toLowerCase() === workspaceId.toLowerCase();
  return isOurs && isWorkspaceId(fileId) ? fileId : undefined;
}

/**
 * Under which key of the memory a file stands that we uploaded: who acknowledges it as if it were the
 * user's takes it from him (T25).
 */
export function ownUploadKey(fileId: string): string {
  return `upload/${fileId}`;
}
