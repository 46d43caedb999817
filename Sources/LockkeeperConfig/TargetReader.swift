import Foundation
import LockkeeperCore

/// Reads `targets:`.
struct TargetReader {
    func read(_ root: ConfigurationSection) -> [TargetConfiguration] {
        let hint = "A target has a `name` and a `dsn`"
        guard let list = root.required("targets", hint: hint)?.elements(of: "targets") else { return [] }
        if list.isEmpty { root["targets"]?.report("there is nothing to watch", hint: hint) }
        var names: Set<String> = []
        return list.compactMap { element in
            guard let section = element.section(.target) else { return nil }
            let name = section.name(hint: "It is what the target is called in messages and in the label `target`")
            if let name, !names.insert(name).inserted {
                section["name"]?.report("another target is called so too", hint: "Names must differ", value: name)
            }
            section.reportMissing(
                "dsn",
                hint: "Write `dsn: postgresql://lockkeeper@host/database`, or `dsn_file` with a file that holds it")
            let dsn = section.secret("dsn", check: Self.objection, isSecret: Self.holdsPassword)
            // What cannot be used is kept in the list, so that what names it later is not a problem of its own.
            return TargetConfiguration(
                name: name ?? "", dsn: dsn ?? Secret(literal: ""), databases: databases(section["databases"]),
                migrations: migrations(section["migrations"]), labels: labels(section["labels"]))
        }
    }

    static func objection(to dsn: String) -> (message: String, hint: String)? {
        do {
            _ = try DataSourceName(dsn)
            return nil
        } catch {
            return ("the connection string is not valid: \(error.message)", error.hint)
        }
    }

    static func holdsPassword(_ dsn: String) -> Bool {
        guard let name = try? DataSourceName(dsn) else { return true }
        return name.keywords["password"] != nil || name.keywords["sslpassword"] != nil
    }

    private func databases(_ field: ConfigurationField?) -> DatabaseSelection {
        guard let field else { return .connected }
        if field.isSingleValue {
            guard let text = field.text() else { return .connected }
            if text.value == "*" { return .all }
            field.report(
                "must be a list of names, or \"*\" for all", hint: "Write `[\(text.written)]`", value: text.written)
            return .connected
        }
        guard let list = field.elements(of: "databases' names") else { return .connected }
        if list.isEmpty {
            field.report("names no database", hint: "Leave it out for the one in the connection string")
        }
        var names: [String] = []
        for element in list {
            guard let text = element.text() else { continue }
            if text.value == "*" {
                element.report("`*` does not go with names", hint: "Write `databases: \"*\"` for all")
            } else if names.contains(text.value) {
                element.report("stands in the list twice", value: text.written)
            } else {
                names.append(text.value)
            }
        }
        return .named(names)
    }

    private func migrations(_ field: ConfigurationField?) -> MigrationsConfiguration? {
        guard let section = field?.section(.migrations) else { return nil }
        let tool = section.required("tool", hint: "Write `tool: drizzle`")?.text()
        let folder = section.required("folder", hint: "Name the folder that the tool's migrations lie in")?.text()
        if let tool, tool.value != "drizzle" {
            if MigrationTool.all.contains(where: { $0.id == tool.value }) {
                section["tool"]?.report(
                    "only `drizzle` folders are read yet",
                    hint: "Leave `migrations` out: \(MigrationTool.displayName(of: tool.value)) is recognised by its "
                        + "history table without it", value: tool.written)
            } else {
                section["tool"]?.report(
                    "this tool is not known, and only `drizzle` folders are read yet",
                    hint: Suggestion.nearest(to: tool.value, in: MigrationTool.all.map(\.id)).map {
                        "Did you mean `\($0)`?"
                    }, value: tool.written)
            }
        }
        guard let tool, let folder, let context = field?.context else { return nil }
        let path = TextFile.resolve(folder.value, in: context.folder)
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if !exists || !isFolder.boolValue {
            // The agent watches all the same: a checkout that comes later must not keep it from starting.
            section["folder"]?.report(
                exists ? "\(path) is not a folder" : "the folder \(path) does not exist",
                hint: FilePattern.neighbourHint(for: path)
                    ?? "Until it is there, runs have no names and nothing is known to be pending", gravity: .warning)
        }
        return MigrationsConfiguration(tool: tool.value, folder: path)
    }

    private func labels(_ field: ConfigurationField?) -> [String: String] {
        var labels: [String: String] = [:]
        for (name, text, field) in field?.textByName() ?? [] {
            if let objection = LabelName.objection(to: name) {
                field.report(objection.message, hint: objection.hint)
            } else {
                labels[name] = text.value
            }
        }
        return labels
    }
}
