/// Constraints that were added NOT VALID and never validated.
enum NotValidatedConstraintRule {
    static func findings(_ situation: Situation) -> [Finding] {
        situation.catalogs.flatMap { reading in
            reading.notValidatedConstraints.map { constraint in
                let refers = constraint.referencedTable.map { ", which refers to \($0)," } ?? ""
                let bytes = constraint.estimatedBytes
                return situation.finding(
                    .notValidatedConstraint, .info, database: reading.database,
                    summary: "Constraint \(constraint.name) of \(constraint.relation) has not been validated",
                    evidence: [
                        "New rows obey the constraint\(refers) old ones may not, and the planner does not rely on it."
                    ],
                    actions: [validation(of: constraint)], weight: Double(bytes))
            }
        }
    }

    private static func validation(of constraint: NotValidatedConstraint) -> Finding.Action {
        if constraint.locksOutWriters {
            return .init(
                "Validate it when little is written: every table that uses the domain is read, and can be read but not written meanwhile; with a lock_timeout, so that nobody queues behind it for long",
                command: "SET lock_timeout = '5s'; \(constraint.remedy)")
        }
        let bytes = constraint.estimatedBytes
        let reads = bytes > 0 ? "; it reads about \(bytes.readableBytes)" : ""
        return .init("Validate it: reads and writes go on meanwhile\(reads)", command: constraint.remedy)
    }
}
