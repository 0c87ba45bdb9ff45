import type { ViewState } from '../protocol.ts';

/** The shape of each state on 16 units, as a path to be filled. */
export const SHAPES: { readonly [state in Exclude<ViewState, 'offline'> | 'neutral']: string } = {
  healthy: 'M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0ZM4.9 7.3 3.4 8.8 7 12.3l5.7-6.4-1.6-1.4L6.9 9.2Z',
  changing: 'M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0Zm.6 2v12A6 6 0 0 0 8.6 2Z',
  failed:
    'M3 0h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3Zm2.2 3.8L3.8 5.2 6.6 8l-2.8 2.8 1.4 1.4L8 9.4l2.8 2.8 1.4-1.4L9.4 8l2.8-2.8-1.4-1.4L8 6.6Z',
  neutral: 'M8 2.3 13.7 8 8 13.7 2.3 8Z',
};

/** The broken ring of what is offline: drawn as a line of that width and with those dashes, on 16 units. */
export const RING = { radius: 6.8, width: 2, dashes: [6.7, 3.98], offset: -2 } as const;
