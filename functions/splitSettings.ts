import type { Config } from '../shared/config/config.ts';
import { DEFAULT_SPLIT_SETTINGS, type SplitSettings } from '../shared/export/services.ts';

/** What receiving, splitting and pinning an export goes by, of the settings. */
export const splitSettingsOf = ({
  export: own,
  delivery: { recordsPerRequest, maxBodyBytes, claimMs },
}: Pick<Config, 'export' | 'delivery'>): SplitSettings => ({
  ...DEFAULT_SPLIT_SETTINGS,
  ...own,
  recordsPerRequest,
  maxBodyBytes,
  splitClaimMs: claimMs,
});
