/** Entry of the app: every function registers itself when its file is loaded. */
import { app } from '@azure/functions';
import { registerBlobBinding } from './blobBinding.ts';
import { shutDown } from './services.ts';
import './collectFhirAudit.ts';
import './failChunk.ts';
import './pushChunk.ts';
import './receiveBlobEvent.ts';
import './replay.ts';
import './reportDailyStatus.ts';
import './splitExport.ts';
import './status.ts';
import './sweepLedger.ts';

registerBlobBinding();
app.hook.appTerminate(() => shutDown());
