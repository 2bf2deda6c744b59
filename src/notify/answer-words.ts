/** What a page answers to a question that somebody woken at night asks. */
export interface AnswerWords {
  readonly answer: string;
  /** How we know. */
  readonly why: string;
}
