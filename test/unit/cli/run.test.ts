import { describe, expect, test } from "bun:test";
import { OutputClosed } from "../../../src/cli/output.ts";
import { ExitCode, MoleculeError, UsageError } from "../../../src/shared/errors.ts";
import { type Ran, runSample } from "./sample.ts";

const fail = (error: unknown) => () => {
  throw error;
};

describe("the exit code", () => {
  const returned: [what: unknown, code: ExitCode][] = [
    [undefined, 0],
    [ExitCode.ok, 0],
    [ExitCode.failed, 1],
    [ExitCode.interrupted, 130],
  ];
  for (const [what, code] of returned) {
    test(`is ${code} when a command returns ${what}`, async () => {
      const result = await runSample("agent list", {}, () => what);
      expect({ code: result.code, err: result.err }).toEqual({ code, err: "" });
    });
  }

  for (const exitCode of Object.values(ExitCode)) {
    test(`is ${exitCode} when the error says so`, async () => {
      const work = fail(new MoleculeError("it is so", { exitCode, hint: "do this\nand that" }));
      const { code, out, err } = await runSample("agent list", {}, work);
      expect(err).toBe("error: it is so\nhint: do this\nand that\n");
      expect({ code, out }).toEqual({ code: exitCode, out: "" });
    });
  }

  test("is 2 for a UsageError of the command, which points at its usage", async () => {
    const work = fail(new UsageError("no token was given", "set MOLECULE_WORKSPACE_TOKEN"));
    const { code, err } = await runSample("connect w", {}, work);
    expect(err).toMatchInlineSnapshot(`
      "error: no token was given
      hint: set MOLECULE_WORKSPACE_TOKEN
      Run 'molecule connect --help' for usage.
      "
    `);
    expect(code).toBe(2);
  });

  test("is 0 when nobody reads the output any more, and nothing is said", async () => {
    const { code, err } = await runSample("agent list", {}, fail(new OutputClosed("closed")));
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });
});

describe("a mistake in the program", () => {
  test("ends with 1 and one line, without the stack", async () => {
    const { code, err } = await runSample("agent list", {}, fail(new TypeError("x is undefined")));
    expect(err).toMatchInlineSnapshot(`
      "error: internal error: x is undefined
      hint: run again with --verbose for the stack
      "
    `);
    expect(code).toBe(1);
  });

  for (const [argv, env] of [
    ["agent list -v", {}],
    ["-v agent list", {}],
    ["agent list", { MOLECULE_VERBOSE: "1" }],
  ] as const) {
    test(`shows its stack with '${argv}' and ${JSON.stringify(env)}`, async () => {
      const { code, err } = await runSample(argv, env, fail(new TypeError("x is undefined")));
      expect(err).toMatch(
        /^error: internal error: x is undefined\nTypeError: .*\n +at .*run\.test/,
      );
      expect(code).toBe(1);
    });
  }

  test("may throw what is no error", async () => {
    const { code, err } = await runSample("agent list", {}, fail("a string"));
    expect(err).toStartWith("error: internal error: a string\n");
    expect(code).toBe(1);
  });
});

test("the cause of a failure is told with --verbose only", async () => {
  const work = fail(new MoleculeError("cannot save", { cause: new Error("ENOSPC: disk full") }));
  const quiet = await runSample("agent list", {}, work);
  const verbose = await runSample("agent list --verbose", {}, work);
  expect(quiet.err).toBe("error: cannot save\n");
  expect(verbose.err).toBe("error: cannot save\ncause: ENOSPC: disk full\n");
});

describe("a failure as data", () => {
  const refused = new MoleculeError("the platform refused", {
    exitCode: ExitCode.refused,
    hint: "check the token",
    cause: Object.assign(new Error("401"), { failure: { status: 401 } }),
  });
  const told = async (argv: string, error: unknown, env: Record<string, string> = {}) => {
    const { err, out, code } = await runSample(argv, env, fail(error));
    expect(out).toBe("");
    expect(err).toEndWith("\n");
    return { code, lines: err.trimEnd().split("\n"), err };
  };

  test("is one line of JSON with -o json, and nothing else", async () => {
    const { code, lines } = await told("agent list -o json", refused);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        error: {
          message: "the platform refused",
          hint: "check the token",
          code: "refused",
          exit_code: 3,
          status: 401,
        },
      },
    ]);
    expect(code).toBe(3);
  });

  test("is the same as YAML with -o yaml", async () => {
    const { err } = await told("agent list -o yaml", refused);
    const { err: json } = await told("agent list -o json", refused);
    expect(err).toStartWith("error:\n  message: the platform refused\n");
    expect(Bun.YAML.parse(err)).toEqual(JSON.parse(json));
  });

  const codes: [code: string, exitCode: ExitCode, error: unknown][] = [
    ["usage", 2, new UsageError("x")],
    ["refused", 3, new MoleculeError("x", { exitCode: ExitCode.refused })],
    ["unreachable", 4, new MoleculeError("x", { exitCode: ExitCode.unreachable })],
    ["removed", 5, new MoleculeError("x", { exitCode: ExitCode.removed })],
    ["failed", 1, new MoleculeError("x")],
    ["interrupted", 130, new MoleculeError("x", { exitCode: ExitCode.interrupted })],
    ["internal", 1, new TypeError("x")],
    ["internal", 1, "thrown, and no error"],
  ];
  for (const [code, exit_code, error] of codes) {
    test(`has the code ${code} where ${error} ends the program with ${exit_code}`, async () => {
      const result = await told("agent list -o json", error);
      expect(JSON.parse(result.err).error).toMatchObject({ code, exit_code });
      expect(result.code).toBe(exit_code);
    });
  }

  const usages: [argv: string, message: string][] = [
    ["-o json agent list --nope", "unknown flag --nope"],
    ["agent list --nope -o json", "unknown flag --nope"],
    ["agent list --nope -ojson", "unknown flag --nope"],
    ["agent list --nope --output=json", "unknown flag --nope"],
    ["agent list --nope --output json", "unknown flag --nope"],
    ["lst -o json", 'unknown command "lst"'],
    ["agent list x -o json", 'unexpected argument "x"'],
    ["connect w --count=x -o json", "--count must be a whole number"],
  ];
  for (const [argv, message] of usages) {
    test(`'${argv}' is told so although it can't be read`, async () => {
      const { lines, code } = await told(argv, undefined);
      expect(lines).toHaveLength(1);
      const { error } = JSON.parse(lines[0] ?? "");
      expect(error).toMatchObject({ code: "usage", exit_code: 2 });
      expect(error.message).toStartWith(message);
      expect(error.hint).toBeString();
      expect(code).toBe(2);
    });
  }

  for (const argv of [
    "agent list --nope",
    "agent list --nope -o xml",
    "agent list -o xml",
    "agent list --nope -- -o json",
    "agent list --nope -o",
  ]) {
    test(`'${argv}' is told in words`, async () => {
      expect((await told(argv, undefined)).err).toStartWith("error: ");
    });
  }

  test("is told so where the variable says it, unless a flag does not", async () => {
    const env = { MOLECULE_OUTPUT: "json" };
    expect((await told("agent list", refused, env)).err).toStartWith("{");
    expect((await told("agent list --nope", refused, env)).err).toStartWith("{");
    expect((await told("agent list -o table", refused, env)).err).toStartWith("error: ");
  });

  test("has its cause and stack with --verbose only", async () => {
    const { err } = await told("agent list -o json -v", refused);
    expect(JSON.parse(err).error.cause).toBe("401");
    const { err: internal } = await told("agent list -o json -v", new TypeError("x"));
    expect(JSON.parse(internal).error.stack).toContain("run.test");
    const { err: quiet } = await told("agent list -o json", new TypeError("x"));
    expect(JSON.parse(quiet).error).not.toHaveProperty("stack");
  });

  test("holds no secret, also one that JSON writes with escapes", async () => {
    const token = 'a"b\\c\td-secret';
    const env = { MOLECULE_WORKSPACE_TOKEN: token };
    const error = new MoleculeError(`not ${token}`, { hint: token, cause: new Error(token) });
    for (const format of ["json", "yaml"]) {
      const { err } = await told(`agent list -v -o ${format}`, error, env);
      expect(err).not.toContain("d-secret");
      expect(err).toContain("[secret]");
    }
  });
});

test.each(["json", "yaml"])("a failure stays %s, whatever is a secret", async (format) => {
  const work = fail(new MoleculeError('say "message": twice'));
  const env = { MOLECULE_WORKSPACE_TOKEN: '"message":' };
  const { err } = await runSample(`agent list -o ${format}`, env, work);
  const { error } = (format === "json" ? JSON.parse(err) : Bun.YAML.parse(err)) as any;
  expect(error.message).toBe("say [secret] twice");
});

test("an error can't forge colours or move the cursor", async () => {
  const work = fail(new MoleculeError("a\u001b[2J\rb\u009bc\u202ed"));
  const { err } = await runSample("agent list", {}, work);
  expect(err).toBe("error: a\\u001b[2J\\u000db\\u009bc\\u202ed\n");
});

describe("secrets", () => {
  const token = "s3cret/with+odd chars".replaceAll(" ", "~");
  const forms = [
    token,
    Buffer.from(token).toString("base64"),
    Buffer.from(token).toString("base64url"),
    encodeURIComponent(token),
  ];
  const ways: [string, string[], Record<string, string>][] = [
    ["a flag", ["--token", token], {}],
    ["a flag with an equals sign", [`--token=${token}`], {}],
    ["a short flag", [`-t${token}`], {}],
    ["a variable", [], { MOLECULE_WORKSPACE_TOKEN: token }],
  ];

  for (const [way, words, env] of ways) {
    test(`given as ${way} are masked in whatever is printed, in every form`, async () => {
      const work = async ({ context, values }: Ran) => {
        expect(values["token"]).toBe(token);
        await context.io.out(`data: ${forms.join(" ")}\n`);
        context.io.err(`told: ${forms.join(" ")}`);
        throw new MoleculeError(`failed: ${forms.join(" ")}`, { hint: forms.join(" ") });
      };
      const { out, err } = await runSample(["connect", "w", ...words], env, work);
      const masked = "[secret] [secret] [secret] [secret]";
      expect(out).toBe(`data: ${masked}\n`);
      expect(err).toBe(`told: ${masked}\nerror: failed: ${masked}\nhint: ${masked}\n`);
    });

    test(`given as ${way} are masked in a stack`, async () => {
      const argv = ["connect", "w", "-v", ...words];
      const { err } = await runSample(argv, env, fail(new Error(`oh ${token}`)));
      expect(err).toContain("internal error: oh [secret]");
      expect(err).not.toContain(token);
    });
  }

  test("a secret that a variable holds is masked even if a flag overrides it", async () => {
    const env = { MOLECULE_WORKSPACE_TOKEN: "of-the-variable" };
    const work = fail(new MoleculeError("not of-the-variable nor of-the-flag"));
    const { err } = await runSample("connect w --token of-the-flag", env, work);
    expect(err).toBe("error: not [secret] nor [secret]\n");
  });

  const long = `long-${"x".repeat(100)}-token`;
  const mistakes: [string, string[]][] = [
    ["an unexpected word", ["connect", "w", `--token=${long}`, `?t=${long}`]],
    ["a value of another flag", ["connect", "w", `--count=?t=${long}`]],
    ["an unknown flag", ["connect", "w", `--?t=${long}x=1`]],
    ["an unknown flag's name", ["connect", "w", `--${long}`]],
    ["a misspelt flag's value", ["connect", "w", `--tokn=${long}`]],
    ["an unknown letter", ["connect", "w", `-z${long}`]],
    ["a flag without value", ["connect", "w", "--token", `-${long}`]],
    ["a flag given twice", ["connect", "w", "--token", long, "--token", long]],
    ["a flag before the command", [`--token=${long}`, "connect"]],
    ["an unknown command", [`?t=${long}`]],
    ["a flag of another command", ["agent", `--${long}`]],
    ["a secret that fails its check", ["connect", "w", `--token=${long} ${long}`]],
  ];
  for (const [what, argv] of mistakes) {
    test(`a message about ${what} holds no part of one`, async () => {
      const env = { MOLECULE_WORKSPACE_TOKEN: long };
      const { code, out, err } = await runSample(argv, env);
      expect(out + err).not.toContain("xxxxxx");
      expect(code).toBe(2);
    });
  }

  test("a wrong secret in a variable is not shown either", async () => {
    const { code, err } = await runSample("connect w", { MOLECULE_WORKSPACE_TOKEN: "my pass" });
    expect(err).toStartWith("error: MOLECULE_WORKSPACE_TOKEN must not hold spaces\n");
    expect(code).toBe(2);
  });

  test("help shows no secret, not even from a variable", async () => {
    const { out } = await runSample("connect --help", { MOLECULE_WORKSPACE_TOKEN: long });
    expect(out).toContain("$MOLECULE_WORKSPACE_TOKEN");
    expect(out).not.toContain("xxxxxx");
  });
});
