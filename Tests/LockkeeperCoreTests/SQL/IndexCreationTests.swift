import Testing

@testable import LockkeeperCore

@Suite("The index that a statement creates")
struct IndexCreationTests {
    @Test(
        "is named as its text names it, in the schema of its table",
        arguments: [
            ("CREATE INDEX orders_note ON orders (note)", "shop.orders_note"),
            ("create unique index Orders_Note on shop.orders using btree (note)", "shop.orders_note"),
            (
                #"CREATE INDEX CONCURRENTLY IF NOT EXISTS "Odd; one" ON ONLY "shop"."orders" (note)"#,
                #"shop."Odd; one""#
            ),
            ("/* CREATE INDEX x ON orders (a) */ CREATE INDEX y -- z\n ON shop.orders (note)", "shop.y"),
            ("CREATE INDEX if ON orders (note)", "shop.if"),
            ("SET lock_timeout = '2s'; CREATE INDEX a ON customers (b); CREATE INDEX c ON orders (d);", "shop.c"),
            // What the server left of a long text.
            ("CREATE INDEX orders_note ON orders (", "shop.orders_note"),
        ])
    func named(text: String, index: String) {
        #expect(IndexCreation.name(in: text, on: "shop.orders") == index)
    }

    @Test(
        "has no name where the text names none, another table's, or more than one",
        arguments: [
            "CREATE INDEX ON orders (note)", "CREATE INDEX CONCURRENTLY ON orders (note)",
            "CREATE INDEX IF NOT EXISTS", "CREATE INDEX a ON other.orders (note)", "CREATE INDEX a ON customers (note)",
            "CREATE INDEX a ON orders (x); CREATE INDEX b ON orders (y)", "SELECT 'CREATE INDEX a ON orders (note)'",
            "CREATE INDEX a ON orders", "CREATE INDEX a ON", "CREATE INDEX a", "CREATE INDEX 'a' ON orders (x)",
            "CREATE TABLE orders (note text)", "ALTER TABLE orders ADD PRIMARY KEY (id)", "SELECT make_indexes()", "",
        ])
    func unnamed(text: String) {
        #expect(IndexCreation.name(in: text, on: "shop.orders") == nil)
    }

    @Test("is named by the only one that a text creates, where the table is not known")
    func unknownTable() {
        #expect(IndexCreation.name(in: "CREATE INDEX a ON orders (x)", on: nil) == "a")
        #expect(IndexCreation.name(in: "CREATE INDEX a ON t (x); CREATE INDEX b ON t (y)", on: nil) == nil)
    }
}
