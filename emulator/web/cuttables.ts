import { useEffect, useRef } from 'preact/hooks';

/** Something that a knife can part. */
export interface Cuttable {
  /** In units of its drawing, which is as wide and high as said. */
  readonly path: readonly (readonly [number, number])[];
  readonly width: number;
  readonly height: number;
  readonly isCut: boolean;
  /** Parts it at a share of its length; the ends are thrown that way. */
  readonly cut: (share: number, throwX: number) => void;
}

interface Registered {
  readonly element: { current: SVGSVGElement | null };
  readonly latest: { current: Cuttable };
}

const all = new Map<string, Registered>();

/** Lays a cable under the knife as long as it is drawn. */
export function useCuttable(id: string, element: { current: SVGSVGElement | null }, cuttable: Cuttable): void {
  const latest = useRef(cuttable);
  latest.current = cuttable;
  useEffect(() => {
    all.set(id, { element, latest });
    return () => {
      all.delete(id);
    };
  }, [id]);
}

/** All whole cables with their path on the screen. */
export function cuttables(): readonly { readonly id: string; readonly path: Cuttable['path']; readonly cut: Cuttable['cut'] }[] {
  return [...all].flatMap(([id, { element, latest }]) => {
    const { path, width, height, isCut, cut } = latest.current;
    const box = element.current?.getBoundingClientRect();
    if (isCut || !box || box.width === 0) return [];
    const spots = path.map(([x, y]) => [box.left + (x / width) * box.width, box.top + (y / height) * box.height] as const);
    return [{ id, path: spots, cut }];
  });
}
