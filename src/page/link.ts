/** The link that lets somebody in. */

/** What a link shows: the page's token, or a ticket, which is good for one use. */
export type Pass = { token: string } | { ticket: string };

/** In the fragment, which a browser sends to nobody. `url` is the platform's, without a path. */
export function pageLink(url: string, pass: Pass): string {
  return `${url}/#${new URLSearchParams({ ...pass })}`;
}
