/** The addresses of files that the platform holds for a workspace. */
import { expect, test } from "bun:test";
import { readUploadUri, uploadUri } from "../../../src/dev/upload-uri.ts";

const workspaceId = "aaaaaaaa-1111-4111-8111-111111111111";
const fileId = "bbbbbbbb-2222-4222-8222-222222222222";

test("an address tells which file of which workspace it is", () => {
  const uri = uploadUri({ workspaceId, fileId });
  expect(uri).toBe(`platform-pending:${workspaceId}/${fileId}`);
  expect(readUploadUri(uri)).toEqual({ workspaceId, fileId });
  const loud = `platform-pending:${workspaceId.toUpperCase()}/${fileId.toUpperCase()}`;
  expect(readUploadUri(loud)).toEqual({ workspaceId, fileId });
});

test.each([
  undefined,
  "",
  `https://example.com/${workspaceId}/${fileId}`,
  `platform-pending:${workspaceId}`,
  `platform-pending:${workspaceId}/`,
  `platform-pending:${workspaceId}/..`,
  `platform-pending:x/${fileId}`,
  `platform-pending:${workspaceId}/${fileId}/x`,
  ` platform-pending:${workspaceId}/${fileId}`,
])("%p is none", (uri) => {
  expect(readUploadUri(uri)).toBeUndefined();
});
