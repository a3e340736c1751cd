/** A dead letter that is tried again, by whoever the operator asks for it. */
import { regenerate } from "../../a2a/reply.ts";
import type { MessageSendRequest } from "../../contract/types.ts";
import type { DeadLetters } from "../../store/store.ts";

/**
 * Puts it back into its lane: an answer that could not be delivered is posted again, as a new message, and
 * anything else is run again. A bridge that runs takes it up within a second. Resolves with false where
 * there is no such letter, and rejects with a MoleculeError where the store can't be written.
 */
export async function retryLetter(letters: DeadLetters, id: string): Promise<boolean> {
  const letter = await letters.get(id);
  return letters.retry(id, (body, kind, generation) => {
    // A notice to the canvas carries no id.
    if (letter?.lane === "") return body;
    const request = JSON.parse(body) as MessageSendRequest;
    return JSON.stringify(regenerate(request, id, kind, generation));
  });
}
