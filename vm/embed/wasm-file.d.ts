/** esbuild's binary loader puts the file's bytes into the bundle. */
declare module '*.wasm' {
  const bytes: Uint8Array;
  export default bytes;
}
