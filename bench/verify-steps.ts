/** What the Worker of `verify.ts` does: verifies as the product, as the library does it, or the second time. */
export type Mode = 'product' | 'plain' | 'remembered' | Step;

/** Each does what those before it do, too: what a step costs is the difference. */
export const STEPS = ['read', 'signature', 'log', 'timestamp', 'chain', 'sct'] as const;
export type Step = (typeof STEPS)[number];
