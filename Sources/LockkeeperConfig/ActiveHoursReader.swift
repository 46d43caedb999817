import LockkeeperCore

/// Reads `active_hours:` of a route: one mapping, or a list of them.
struct ActiveHoursReader {
    func read(_ field: ConfigurationField) -> [ActiveHours] {
        if field.isList { return field.elements(of: "hours")?.compactMap(hours) ?? [] }
        return hours(field).map { [$0] } ?? []
    }

    private func hours(_ field: ConfigurationField) -> ActiveHours? {
        guard let section = field.section(.activeHours) else { return nil }
        var hours = ActiveHours()
        if let days = section["days"] {
            let elements = days.isList ? days.elements(of: "days") ?? [] : [days]
            hours.days = Set(elements.flatMap(self.days))
            if days.isEmptyList { days.report("is empty", hint: "Name days, such as `mon-fri`, or take it out") }
        }
        if let from = section["from"].flatMap(minute) {
            hours.from = from
            if from == 1440 { section["from"]?.report("must be before 24:00", hint: "Write 00:00") }
        }
        hours.until = section["until"].flatMap(minute) ?? 1440
        if hours.until == 0 { hours.until = 1440 }
        if hours.from == hours.until {
            (section["until"] ?? section["from"])?.report(
                "the hours end when they begin", hint: "Leave both out for the whole day")
        }
        if let field = section["time_zone"], let text = field.text() {
            guard let zone = ClockZoneReader().zone(of: text.value) else {
                field.report(
                    "there is no such time zone",
                    hint: ClockZoneReader().hint(for: text.value), value: text.written)
                return nil
            }
            hours.zone = zone
        }
        return hours
    }

    /// One day, or several as in `mon-fri`; by their English names or the first three letters of these.
    private func days(_ field: ConfigurationField) -> [ActiveHours.Weekday] {
        guard let text = field.text() else { return [] }
        let all = ActiveHours.Weekday.allCases
        let ends = text.value.split(separator: "-", omittingEmptySubsequences: false).map { name in
            all.firstIndex { $0.rawValue == name.lowercased() || $0.rawValue.prefix(3) == name.lowercased() }
        }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2 else {
            field.report(
                "is no day of the week",
                hint: Suggestion.nearest(to: text.value.lowercased(), in: all.map(\.rawValue))
                    .map { "Did you mean `\($0)`?" } ?? "Write `monday`, `mon` or `mon-fri`", value: text.written)
            return []
        }
        // Sunday to Monday goes over the end of the week.
        return (0..<7).map { all[(first + $0) % 7] }.prefix((last - first + 7) % 7 + 1).map(\.self)
    }

    /// Minutes since midnight of `08:30`.
    private func minute(_ field: ConfigurationField) -> Int? {
        guard let text = field.text() else { return nil }
        let parts = text.value.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count <= 2 && !$0.isEmpty && $0.allSatisfy(\.isNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24 && minute < 60 || (hour, minute) == (24, 0)
        else {
            field.report("is not a time of the day", hint: "Write hours and minutes: `08:30`", value: text.written)
            return nil
        }
        return hour * 60 + minute
    }
}
