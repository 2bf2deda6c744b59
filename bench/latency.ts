export async function measureLatency(..._: unknown[]) {}
