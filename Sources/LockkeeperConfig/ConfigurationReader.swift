import LockkeeperCore
import Yams

/// Turns a configuration file's text into a `Configuration`, collecting everything that is wrong with it on the way.
struct ConfigurationReader {
    let context: ReadingContext
    /// The rules for a configuration that names no files.
    let defaultRules: [RuleFileText]

    /// - Throws: all problems, if one of them is an error.
    func read(_ text: String, isReadableByEveryone: Bool) throws(ConfigurationProblems) -> Configuration {
        let configuration = compose(text).flatMap(read)
        if isReadableByEveryone, context.holdsSecret {
            context.add(
                ConfigurationProblem(
                    gravity: .warning, file: context.file,
                    message: "the file contains a secret and can be read by every user of this machine",
                    hint: "chmod o-r \(context.file), or keep the secret in a file of its own"))
        }
        let problems = context.problems.inReadingOrder(from: context.file)
        guard var configuration, !problems.contains(where: { $0.gravity == .error }) else {
            throw ConfigurationProblems(problems)
        }
        configuration.warnings = problems
        return configuration
    }

    private func compose(_ text: String) -> ConfigurationField? {
        switch YAMLText.compose(text) {
        case .success(let node?):
            return ConfigurationField(node: node, path: "", context: context)
        case .success(nil):
            context.add(
                ConfigurationProblem(
                    file: context.file, message: "the file is empty", hint: "It needs at least `targets`"))
        case .failure(let error):
            context.add(
                ConfigurationProblem(
                    file: context.file, line: error.line, column: error.column, message: error.message,
                    hint: error.hint))
        }
        return nil
    }

    /// `nil` only if nothing could be read at all; parts that could not are left at their defaults, and reported.
    private func read(_ root: ConfigurationField) -> Configuration? {
        guard let root = root.section(.root) else { return nil }
        let targets = TargetReader().read(root)
        let receivers = ReceiverReader().read(root)
        var configuration = Configuration(targets: targets, rules: RuleFilesReader(defaults: defaultRules).read(root))
        if let field = root["listen"] { configuration.listen = listen(field) ?? configuration.listen }
        if let text = root["state"]?.text() {
            configuration.stateFolder = TextFile.resolve(text.value, in: context.folder)
        }
        configuration.externalURL = root["external_url"].flatMap(externalURL)
        if let field = root["web"] { configuration.web = WebReader(listen: configuration.listen).read(field) }
        configuration.electsLeader = root["leader_election"]?.boolean() ?? false
        if let field = root["sampling"] { configuration.sampling = sampling(field) }
        configuration.receivers = receivers.map(\.receiver)
        let windows = MaintenanceReader(targets: targets, receivers: configuration.receivers).read(root)
        configuration.maintenance = windows.map(\.silence)
        configuration.plannedMaintenance = windows.map(\.planned)
        configuration.routes = RouteReader(
            targets: targets, receivers: configuration.receivers, receiverFields: receivers.map(\.field),
            announced: Set(windows.flatMap(\.planned.announce)), mayBeAcknowledged: configuration.web.token != nil
        ).read(root)
        configuration.heartbeat = root["heartbeat"].flatMap(HeartbeatReader().read)
        if let text = root["privacy"]?.section(.privacy)?["query_text"]?
            .text(oneOf: QueryTextPrivacy.allCases.map(\.rawValue))
        {
            configuration.queryText = QueryTextPrivacy(rawValue: text) ?? configuration.queryText
        }
        return configuration
    }

    private func listen(_ field: ConfigurationField) -> ListenAddress? {
        guard let text = field.text() else { return nil }
        if let address = ListenAddress(text.value) { return address }
        let port = text.value.drop { $0 == ":" }
        let hint =
            Int(port) != nil
            ? "Say which address: `127.0.0.1:\(port)` for this machine alone, `0.0.0.0:\(port)` for all"
            : "It has the form `host:port`, such as `\(ListenAddress())` or `[::1]:9743`"
        field.report("is not an address to listen on", hint: hint, value: text.written)
        return nil
    }

    private func externalURL(_ field: ConfigurationField) -> String? {
        guard let text = field.text() else { return nil }
        guard let objection = HTTPEndpoint.objection(to: text.value, allowsPlainHTTP: true) else {
            var url = Substring(text.value)
            while url.last == "/" { url.removeLast() }
            if url.contains(where: { "?#".contains($0) }) {
                field.report(
                    "the URL has a query or fragment, to which no path can be added", value: text.shownUnlessCredentials
                )
            }
            return String(url)
        }
        field.report(objection.message, hint: objection.hint, value: text.shownUnlessCredentials)
        return nil
    }

    private func sampling(_ field: ConfigurationField) -> SamplingConfiguration {
        var sampling = SamplingConfiguration()
        guard let section = field.section(.sampling) else { return sampling }
        for field in SamplingConfiguration.fields {
            if let duration = section[field.name]?.duration(in: field.range) {
                sampling[keyPath: field.property] = duration
            }
        }
        if sampling.lockTimeout >= sampling.statementTimeout {
            (section["lock_timeout"] ?? section["statement_timeout"])?.report(
                "`lock_timeout` (\(GoDuration.text(sampling.lockTimeout))) is not shorter than `statement_timeout` "
                    + "(\(GoDuration.text(sampling.statementTimeout)))",
                hint: "A look that waits for a lock could not be told from one that is slow")
        }
        return sampling
    }
}

extension [ConfigurationProblem] {
    /// By line within each file, `first` before the files that it names, in the order in which they first have a problem.
    func inReadingOrder(from first: String) -> [ConfigurationProblem] {
        var files = [first]
        for problem in self where !files.contains(problem.file) { files.append(problem.file) }
        return files.flatMap { file in
            // Swift's sort is stable, and relied upon: problems of one place stay in the order of their finding.
            filter { $0.file == file }.sorted { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) }
        }
    }
}
