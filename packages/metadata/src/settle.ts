/**
 * One statement cannot see what others committed after it began, but it can collide with it. Then it changed nothing, and asking again
 * sees a newer state; colliding ten times in a row would need as many others who add and remove the same thing.
 */
export async function settle<Result>(attempt: () => Promise<Result | undefined>): Promise<Result> {
  for (let count = 0; count < 10; count++) {
    const result = await attempt()
    if (result !== undefined) return result
  }
  throw new Error('others kept changing the same rows')
}
