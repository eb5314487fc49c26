import { testComposed } from './composed.mjs';
import * as engine from './engines/chromium.mjs';
import { VARIANTS } from './variants.mjs';

testComposed(engine, VARIANTS);
