import { hashSuite } from './hash-suite.ts';

await hashSuite('sha256', 32);
