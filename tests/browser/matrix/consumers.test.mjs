import { testBaked } from './baked.mjs';
import * as engine from './engines/chromium.mjs';
import { CONSUMERS } from './variants.mjs';

testBaked(engine, CONSUMERS);
