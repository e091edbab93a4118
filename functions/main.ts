/** Entry of the app: every function registers itself when its file is loaded. */
import { app } from '@azure/functions';
import { registerBlobBinding } from './blobBinding.ts';
import { config, shutDown } from './services.ts';
import './collectFhirAudit.ts';
import './failChunk.ts';
import './pushChunk.ts';
import './receiveBlobEvent.ts';
import './replay.ts';
import './reportDailyStatus.ts';
import './splitExport.ts';
import './status.ts';
import './sweepLedger.ts';

// The host leaves the export of our log lines to us then; else it would export each a second time.
if (config.telemetry.connectionString) app.setup({ capabilities: { WorkerOpenTelemetryEnabled: true } });
registerBlobBinding();
app.hook.appTerminate(() => shutDown());
