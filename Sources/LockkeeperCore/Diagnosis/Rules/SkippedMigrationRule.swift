/// Migrations in the folder that the tool passes over in silence.
enum SkippedMigrationRule {
    static func findings(_ situation: Situation) -> [Finding] {
        guard let folder = situation.folder else { return [] }
        return situation.histories.compactMap { reading in
            guard reading.tables.contains(where: { $0.tool == folder.tool }) else { return nil }
            let skipped = folder.compare(with: reading).skipped.map(\.name)
            guard !skipped.isEmpty else { return nil }
            let tool = MigrationTool.displayName(of: folder.tool)
            return situation.finding(
                .skippedMigration, .warning, database: reading.database,
                summary:
                    "\(skipped.count.readable("migration")) will never be applied on \(situation.target) (\(reading.database))",
                evidence: [
                    "In the folder, not in the history, and older than the newest entry there: \(skipped.readable(limit: 5)).",
                    "\(tool) passes over them without a word and exits with success.",
                ],
                actions: [
                    .init(
                        "Give them a time later than the newest applied one (for Drizzle `when` in meta/_journal.json), then run the tool again"
                    )
                ], weight: Double(skipped.count))
        }
    }
}
