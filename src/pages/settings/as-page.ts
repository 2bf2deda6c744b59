import { Problem } from '../../http/problem.ts';
import { notHere, PageProblem } from '../page.ts';

/** What the API would refuse is refused with the same words. @throws PageProblem */
export async function asPage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 404) throw notHere();
    const { status } = error;
    throw new PageProblem(status === 409 || status === 413 ? status : 400, `${error.detail} Nothing was changed.`);
  }
}
