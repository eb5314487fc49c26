import * as engine from './engines/chromium.mjs';
import { testPolicies } from './policies.mjs';
import { VARIANTS } from './variants.mjs';

testPolicies(engine, VARIANTS.filter(({ policies }) => policies));
