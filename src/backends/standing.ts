/** How a backend stands with the server that it calls. */
export interface Standing {
  /**
   * It has answered a message well since the start, so the login is good: a 403 is about what the next
   * message says (a firewall of web sites answers so), and nothing that the operator can mend.
   */
  good: boolean;
}
