/** Entry of the app: every function registers itself when its file is loaded. */
import { registerBlobBinding } from './blobBinding.ts';

registerBlobBinding();
