#!/usr/bin/env node
// The compiler of the package solc, with the two options of the native one that forge uses: nothing is downloaded.
import { readFileSync } from 'node:fs';
import solc from 'solc';

if (process.argv.includes('--version'))
  console.log(
    `solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace('.Emscripten.clang', '.Linux.g++')}`,
  );
else process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
