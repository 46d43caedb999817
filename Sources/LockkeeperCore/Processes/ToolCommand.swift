/// How the command line of a migration tool at work looks: its program, and the words that tell work from the rest it can do.
public struct ToolCommand: Sendable, Hashable {
    /// The `id` of the tool in the catalogue of tools.
    public var tool: String
    /// Names of the program, of the script that an interpreter runs, of its package, or of a class; one that ends in `*` is a beginning.
    public var programs: [String]
    /// One of these must stand among the arguments behind the program; one that ends in `*` is a beginning. Any will do if there are none.
    public var words: [String]

    init(_ tool: String, _ programs: [String], _ words: [String] = []) {
        self.tool = tool
        self.programs = programs
        self.words = words
    }

    /// What a process is, by its arguments.
    public static func program(of command: CommandLine) -> BackendReading.Program {
        if let tool = tool(of: command) { return .tool(tool) }
        if let name = command.programName, relays.contains(name) { return .relay }
        return .other
    }

    /// The tool that the command runs, if it is one at work.
    public static func tool(of command: CommandLine) -> String? {
        for (names, rest) in invocations(of: command.arguments) {
            for candidate in all
            where names.contains(where: { name in candidate.programs.contains { matches(name, $0) } })
                && (candidate.words.isEmpty
                    || rest.contains { word in candidate.words.contains { matches(word, $0) } })
            {
                return candidate.tool
            }
        }
        return nil
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? text.hasPrefix(pattern.dropLast()) : text == pattern
    }

    /// The readings of a command line: under which names its program may be known, and what follows. A shell, an editor or a search for a
    /// tool's name is none: only the program itself and what an interpreter runs count.
    private static func invocations(of arguments: [String]) -> [(names: [String], rest: ArraySlice<String>)] {
        guard let first = arguments.first else { return [] }
        let program = baseName(first)
        var found = [(names: [program], rest: arguments.dropFirst())]
        guard let interpreter = interpreters.first(where: { isVersion(of: $0.name, program) }) else { return found }
        var scripts = 0
        for index in arguments.indices.dropFirst() {
            let argument = arguments[index]
            // Options of the interpreter, whose values may look like a script.
            if argument.hasPrefix("-") { continue }
            found.append((names(of: argument), arguments[(index + 1)...]))
            scripts += 1
            if scripts == interpreter.scripts { break }
        }
        return found
    }

    /// Programs that run what their arguments name, and how many of those that are no options may name it.
    private static let interpreters: [(name: String, scripts: Int)] = [
        ("node", 2), ("nodejs", 2), ("bun", 2), ("deno", 3), ("tsx", 2), ("ts-node", 2), ("python", 2), ("ruby", 2),
        ("perl", 2), ("php", 2), ("dotnet", 4), ("java", 64), ("beam.smp", 64), ("MainThread", 2),
    ]

    /// `python3.11` is a `python`.
    private static func isVersion(of name: String, _ program: String) -> Bool {
        program.hasPrefix(name)
            && program.dropFirst(name.count).allSatisfy { $0.isNumber || $0 == "." || $0 == "-" }
    }

    /// Under which names a script may be known: its own with and without ending, that of its npm package.
    private static func names(of script: String) -> [String] {
        let parts = script.split(separator: "/").map(String.init)
        guard let last = parts.last else { return [] }
        var names = [last, baseName(script)]
        if let modules = parts.lastIndex(of: "node_modules"), modules + 1 < parts.count - 1 {
            names.append(parts[modules + 1])
        }
        return names
    }

    /// The last part of a path without the ending of a script.
    private static func baseName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let dot = name.lastIndex(of: "."), scriptEndings.contains(String(name[dot...])) else { return name }
        return String(name[..<dot])
    }

    private static let scriptEndings: Set<String> = [
        ".js", ".cjs", ".mjs", ".ts", ".mts", ".cts", ".py", ".rb", ".pl", ".php", ".dll", ".exe", ".sh",
    ]
}
