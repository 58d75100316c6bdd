/** One figure at one size of the fleet. */
export interface Point {
  readonly size: number;
  readonly value: number;
}

export interface Growth {
  /** Of value = a · size^exponent: 0 stays the same, 1 grows as the fleet does, 2 as its square. `undefined` with a zero. */
  readonly exponent: number | undefined;
  /** What each further certificate adds. */
  readonly perCertificate: number;
}

/** How a figure grows, by least squares over all points: of the logarithms, and of the values. Throws below two sizes. */
export function growth(points: readonly Point[]): Growth {
  if (new Set(points.map(({ size }) => size)).size < 2) throw new RangeError('growth needs two sizes');
  const positive = points.every(({ size, value }) => size > 0 && value > 0);
  return {
    exponent: positive ? slope(points.map(({ size, value }) => [Math.log(size), Math.log(value)])) : undefined,
    perCertificate: slope(points.map(({ size, value }) => [size, value])),
  };
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const variance = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return covariance / variance;
}
