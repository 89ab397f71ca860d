/** Least squares: by how much `y` grows for each `x`. Two points at least. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const n = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / n;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / n;
  let both = 0;
  let square = 0;
  for (const { x, y } of points) {
    both += (x - meanX) * (y - meanY);
    square += (x - meanX) ** 2;
  }
  return both / square;
}
