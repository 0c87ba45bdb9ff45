import { hashSuite } from './hash-suite.ts';

await hashSuite('ripemd160', 20);
