/** The process as a subcommand sees it: nothing of it exits or writes by itself. */
export interface Console {
  readonly stdin: NodeJS.ReadableStream;
  readonly out: (text: string) => void;
  exitCode: number;
}
