/** The addresses of files that the platform holds for a workspace (contract 2.10). */
import { isUuid } from "../shared/ids.ts";

/** Which file of which workspace it is. */
export interface UploadPlace {
  workspaceId: string;
  fileId: string;
}

export function uploadUri({ workspaceId, fileId }: UploadPlace): string {
  return `platform-pending:${workspaceId}/${fileId}`;
}

/** What {@link uploadUri} made, its ids in lower case; undefined for any other address. */
export function readUploadUri(uri: string | undefined): UploadPlace | undefined {
  const [, workspaceId, fileId] = /^platform-pending:([^/]+)\/([^/]+)$/.exec(uri ?? "") ?? [];
  if (!isUuid(workspaceId) || !isUuid(fileId)) return undefined;
  return { workspaceId: workspaceId.toLowerCase(), fileId: fileId.toLowerCase() };
}
