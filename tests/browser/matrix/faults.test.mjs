import { testBroken } from './broken.mjs';
import * as engine from './engines/chromium.mjs';
import { BROKEN } from './variants.mjs';

testBroken(engine, BROKEN);
