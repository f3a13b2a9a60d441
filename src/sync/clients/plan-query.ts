// Answers `plan`: for two clients at a time, because each plan is made of whole trees and stays in memory until its rows
// are taken.
import { SyncError } from '../../core/errors.js';
import type { PlanPreview } from '../../wire/client-api/plan.js';
import type { IncomingCall } from '../../wire/rpc/responder.js';
import { streamed } from './queries.js';

const MAX_PLANS = 2;

export class PlanQuery {
  readonly #preview: () => PlanPreview;
  #plans = 0;

  /** @param preview makes a plan. */
  constructor(preview: () => PlanPreview) {
    this.#preview = preview;
  }

  /** @throws SyncError `busy` while two others are answered, and until both sides have been scanned. */
  async plan(call: IncomingCall): Promise<PlanPreview> {
    if (this.#plans >= MAX_PLANS)
      throw new SyncError('busy', 'Two other clients are being sent a plan.', { hint: 'Try again in a moment.' });
    this.#plans++;
    try {
      const { plan, ...more } = this.#preview();
      return { ...more, plan: await streamed(call, plan) };
    } finally {
      this.#plans--;
    }
  }
}
