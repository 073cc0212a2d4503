import type { Policy } from '../core/policy.ts';
import { startupProbe } from './startup-probe/policy.ts';
import { weightJump } from './weight-jump/policy.ts';

/** Every policy, in the order in which their findings are shown. */
export const policies: readonly Policy[] = [startupProbe, weightJump];
