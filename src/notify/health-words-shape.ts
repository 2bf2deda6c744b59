export interface HealthWords {
  readonly title: string;
  /** What is the matter. */
  readonly what: string;
  /** What may go unnoticed. */
  readonly consequence: string;
  /** What to do. */
  readonly action: string;
}
