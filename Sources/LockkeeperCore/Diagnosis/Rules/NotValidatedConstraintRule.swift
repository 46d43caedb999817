/// Constraints that were added NOT VALID and never validated.
enum NotValidatedConstraintRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.catalogs.flatMap { reading in
            reading.notValidatedConstraints.map { constraint in
                let refers = constraint.referencedTable.map { ", which refers to \($0)," } ?? ""
                let bytes = constraint.estimatedBytes
                let reads = bytes > 0 ? "; it reads about \(bytes.readableBytes)" : ""
                return situation.finding(
                    .notValidatedConstraint, .info, database: reading.database,
                    summary: "Constraint \(constraint.name) of \(constraint.relation) has not been validated",
                    evidence: [
                        "New rows obey the constraint\(refers) old ones may not, and the planner does not rely on it."
                    ],
                    actions: [
                        .init("Validate it: reads and writes go on meanwhile\(reads)", command: constraint.remedy)
                    ], weight: Double(bytes))
            }
        }
    }
}
