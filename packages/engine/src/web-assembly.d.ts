/** The part of the global that kernels use; TypeScript has it only together with the types of a browser. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
  Memory: new (options: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number };
};
