/// What a migration tool's own history says was begun and not finished, or failed, and was not made good since.
enum PartialMigrationRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.histories.flatMap { reading in
            reading.tables.flatMap { table -> [Finding] in
                guard case .read(let entries) = table.entries,
                    // While the tool runs, an unfinished entry is as it should be.
                    !situation.runs.contains(where: { $0.database == reading.database && $0.tool == table.tool })
                else { return [] }
                return unfinished(among: entries).map {
                    finding($0, of: table, in: reading.database, situation)
                }
            }
        }
    }

    private static func unfinished(among entries: [HistoryEntry]) -> [HistoryEntry] {
        entries.indices.filter { index in
            let entry = entries[index]
            guard entry.state == .unfinished || entry.state == .failed else { return false }
            return !entries[(index + 1)...].contains { $0.state == .applied && $0.name == entry.name }
        }.map { entries[$0] }
    }

    private static func finding(
        _ entry: HistoryEntry, of table: HistoryTable, in database: String, _ situation: Situation
    ) -> Finding {
        let name = entry.name ?? "#\(entry.key)"
        let word = entry.state == .failed ? "failed" : "begun and not finished"
        return situation.finding(
            .partialMigration, .critical, database: database,
            summary: "Migration \(name) on \(situation.target) (\(database)) may be applied in part",
            evidence: [
                "\(MigrationTool.displayName(of: table.tool)) itself records it as \(word) in \(table.relation), and refuses to go on."
            ],
            actions: [
                .init(
                    "Compare the schema with what the migration's statements should have made: those before the error may be there, what ran outside of a transaction in any case"
                ),
                .init(remedy(for: table.tool, name: name).text, command: remedy(for: table.tool, name: name).command),
                .init("Do not simply run it again: statements that have been applied would fail, or apply twice"),
            ])
    }

    /// A name is whatever the history says: quoted, unless a shell takes it as it is.
    private static func shellWord(_ name: String) -> String {
        let isPlain =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        return isPlain ? name : "'\(name.replacing("'", with: #"'\''"#))'"
    }

    private static func remedy(for tool: String, name: String) -> Finding.Action {
        switch tool {
        case "prisma":
            .init(
                "Complete it by hand and mark it so (`--applied`), or undo what is there and mark it so",
                command: "prisma migrate resolve --rolled-back \(shellWord(name))")
        case "flyway":
            .init("Complete it or undo what is there by hand, then remove the failed entry", command: "flyway repair")
        case "golang-migrate":
            .init(
                "Complete it by hand and mark it so, or undo it and force the version before it",
                command: "migrate force \(shellWord(name))")
        default:
            .init("Complete it by hand or undo what is there, then correct the tool's history accordingly")
        }
    }
}
