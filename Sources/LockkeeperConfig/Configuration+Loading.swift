import LockkeeperCore

extension Configuration {
    /// Configurations are written by hand.
    private static let sizeLimit = 4 << 20

    /// Reads a configuration file and everything that it names.
    ///
    /// - Parameters:
    ///   - path: of the file; relative paths in it start from its folder.
    ///   - environment: what `${NAME}` is taken from.
    ///   - defaultRules: the rule files that are used if the configuration names none.
    /// - Throws: all that is wrong, errors and warnings, if there is at least one error. A configuration with warnings alone comes back
    ///   with them in `warnings`.
    public static func load(
        path: String, environment: [String: String], defaultRules: [RuleFileText] = []
    ) throws(ConfigurationProblems) -> Configuration {
        let file = try file(path)
        let context = ReadingContext(file: path, folder: TextFile.folder(of: path), environment: environment)
        return try ConfigurationReader(context: context, defaultRules: defaultRules).read(
            file.text, isReadableByEveryone: file.isReadableByEveryone)
    }

    static func file(_ path: String) throws(ConfigurationProblems) -> TextFile {
        do {
            return try TextFile(path: path, limit: sizeLimit)
        } catch {
            throw ConfigurationProblems([
                ConfigurationProblem(
                    file: path, message: "the configuration file \(error.reason)",
                    hint: FilePattern.neighbourHint(for: path))
            ])
        }
    }

    /// The configuration for somebody who has only a connection string: one target, called after its database, everything else at
    /// its default, and nobody to tell.
    ///
    /// The state is kept in `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/lockkeeper`, else `~/.local/state/lockkeeper`, so that it works for
    /// an ordinary user too.
    ///
    /// - Parameters:
    ///   - databaseURL: a libpq connection string.
    ///   - environment: for `PGDATABASE`, and for the folder of the state.
    ///   - defaultRules: the rule files to use.
    /// - Throws: what is wrong with the connection string or the rules.
    public static func fromEnvironment(
        databaseURL: String, environment: [String: String], defaultRules: [RuleFileText] = []
    ) throws(ConfigurationProblems) -> Configuration {
        let context = ReadingContext(file: "DATABASE_URL", folder: "", environment: environment)
        var name = "postgresql"
        do {
            name = try DataSourceName(databaseURL).database ?? environment["PGDATABASE"] ?? name
        } catch {
            context.add(
                ConfigurationProblem(
                    file: context.file, value: ConfigurationProblem.hiddenValue,
                    message: "the connection string is not valid: \(error.message)", hint: error.hint))
        }
        let rules = RuleFilesReader.read(defaultRules, into: context)
        guard !context.problems.contains(where: { $0.gravity == .error }) else {
            throw ConfigurationProblems(context.problems)
        }
        return Configuration(
            stateFolder: stateFolder(environment),
            targets: [TargetConfiguration(name: name, dsn: Secret(literal: databaseURL))],
            rules: RulesConfiguration(files: rules), warnings: context.problems)
    }

    private static func stateFolder(_ environment: [String: String]) -> String {
        func folder(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        // systemd separates several by colons.
        if let given = folder("STATE_DIRECTORY") { return String(given.prefix { $0 != ":" }) }
        if let given = folder("XDG_STATE_HOME") { return "\(given)/lockkeeper" }
        if let home = folder("HOME") {
            return home == "/" ? "/.local/state/lockkeeper" : "\(home)/.local/state/lockkeeper"
        }
        return defaultStateFolder
    }
}
