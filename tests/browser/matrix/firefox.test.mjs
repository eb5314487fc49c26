import { testBaked } from './baked.mjs';
import { testBroken } from './broken.mjs';
import { testComposed } from './composed.mjs';
import * as engine from './engines/firefox.mjs';
import { BROKEN, CONSUMERS, VARIANTS } from './variants.mjs';

const some = (list) => list.filter(({ subset }) => subset);

testComposed(engine, some(VARIANTS));
testBaked(engine, some(CONSUMERS));
testBroken(engine, some(BROKEN));
