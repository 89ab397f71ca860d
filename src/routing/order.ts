import type { RoutedTarget } from './types.ts';

type Ordered = Pick<RoutedTarget, 'trunk' | 'priority' | 'weight'>;

/**
 * Targets in the order in which one call tries them: lower `priority` first; within one priority as they are listed,
 * or, where any of them has a weight, by chance in proportion to the weights, as servers of one SRV priority are (RFC
 * 2782, RFC 3263 4.2). Those at trunks that are down come last, in the same order: the last resort, for a trunk may be
 * back before anybody noticed. `random`: uniform in [0, 1), once for each weighted target.
 */
export function orderTargets<T extends Ordered>(
  targets: readonly T[],
  isUp: (trunk: string) => boolean,
  random: () => number,
): T[] {
  const groups = new Map<number, T[]>();
  for (const target of targets) {
    const priority = target.priority ?? 0;
    const group = groups.get(priority);
    if (group) group.push(target);
    else groups.set(priority, [target]);
  }
  const ordered = [...groups]
    .sort(([a], [b]) => a - b)
    .flatMap(([, group]) => (group.some(({ weight }) => weight !== undefined) ? draw(group, random) : group));
  return [...ordered.filter(({ trunk }) => isUp(trunk)), ...ordered.filter(({ trunk }) => !isUp(trunk))];
}

/** Weighted lots without putting back; weight 0 comes after all others, a target without one has 1. */
function draw<T extends Ordered>(group: readonly T[], random: () => number): T[] {
  const left = group.filter((target) => weightOf(target) > 0);
  const drawn: T[] = [];
  while (left.length > 0) {
    let mark = random() * left.reduce((sum, target) => sum + weightOf(target), 0);
    const found = left.findIndex((target) => {
      mark -= weightOf(target);
      return mark < 0;
    });
    // Rounding may leave a trace of the mark behind the last one.
    drawn.push(...left.splice(found < 0 ? left.length - 1 : found, 1));
  }
  return [...drawn, ...group.filter((target) => weightOf(target) === 0)];
}

const weightOf = ({ weight = 1 }: Ordered): number => weight;
