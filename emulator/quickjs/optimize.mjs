/**
 * Makes QuickJS fast. As its package ships it, it was compiled to be small: what it does all the time is calls of functions of a few
 * instructions each. Here they are put in the place of the calls. Run by the build: `node optimize.mjs FROM TO`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

/** Larger limits make it larger, and no faster. In Binaryen's measure of a function, about its expressions. */
const INLINED_ALWAYS = 30;
const INLINED_WHERE_LIGHT = 80;
const INLINED_OF_ONE_CALLER = 500;

const [from, to] = process.argv.slice(2);
const { Features } = binaryen;
const module = binaryen.readBinary(readFileSync(from));
module.setFeatures(
  Features.MutableGlobals | Features.BulkMemory | Features.BulkMemoryOpt | Features.SignExt | Features.NontrappingFPToInt,
);
binaryen.setOptimizeLevel(3);
binaryen.setShrinkLevel(0);
binaryen.setAlwaysInlineMaxSize(INLINED_ALWAYS);
binaryen.setFlexibleInlineMaxSize(INLINED_WHERE_LIGHT);
binaryen.setOneCallerInlineMaxSize(INLINED_OF_ONE_CALLER);
module.runPasses(['inlining-optimizing']);
if (!module.validate()) throw new Error(`${from} could not be optimized`);
writeFileSync(to, module.emitBinary());
