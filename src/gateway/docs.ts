import { withDiagram } from '../call/index.ts';

/** The call's README with its diagram as the table says it now. */
export function callDiagramPage(readme: string): string {
  return withDiagram(readme);
}
