"""What holds for every list: filters, sorts, pages, and their bad values."""

from collections import namedtuple

# `matches(value)` says which rows a filter leaves; `nothing` is a value that matches no row.
Filter = namedtuple("Filter", "key value matches nothing")


def exactly(key, value, field=None, nothing=None):
    """A filter that compares."""
    return Filter(key, value, lambda row: row[field or key] == value, nothing)


def contains(key, value, *fields, nothing="nowhere-to-be-found"):
    """A filter that searches, in any case."""

    def matches(row):
        return any(value.strip().lower() in (row[field] or "").lower() for field in fields)

    return Filter(key, value, matches, nothing)


class List:
    """A list that somebody may read."""

    def __init__(self, caller, name, *ids, base=None):
        self.caller, self.name, self.ids, self.base = caller, name, ids, base or {}
        self.play = caller.play

    def page(self, **query):
        return self.caller.ok(self.name, *self.ids, query={**self.base, **query})

    def rows(self, **query):
        """Every row, page by page; a plain array is one page."""
        answer = self.page(**query)
        if isinstance(answer, list):
            return answer
        found = answer["items"]
        while answer["has_more"]:
            answer = self.page(
                **{**query, "page": answer["page"] + 1, "page_size": answer["page_size"] or 100}
            )
            found = found + answer["items"]
        return found

    def everything(self, **query):
        """Every row of an admin's list."""
        return self.rows(page_size=100, **query)

    def filters(self, filters, rows, **query):
        """Each filter leaves exactly the rows that it should, and can leave none."""
        for one in filters:
            found = self.rows(**{**query, one.key: one.value})
            expected = [row for row in rows if one.matches(row)]
            about = f"{self.name}?{one.key}={one.value}"
            self.play.check(expected, f"{about}: the world has no such row")
            self.same(about, found, expected)
            if one.nothing is not None:
                found = self.rows(**{**query, one.key: one.nothing})
                self.play.equal(f"{self.name}?{one.key}={one.nothing}", found, [])

    def same(self, about, found, expected):
        """The same rows in any order."""
        found, expected = sorted(map(identity, found)), sorted(map(identity, expected))
        self.play.equal(about, found, expected)

    def sorts(self, keys, rows, default="created_at", ranks=None, **query):
        """Each sort key in both orders, and the default."""
        for key in keys:
            for order in ("asc", "desc"):
                found = self.everything(sort_by=key, sort_order=order, **query)
                about = f"{self.name}?sort_by={key}&sort_order={order}"
                self.same(about, found, rows)
                self.in_order(about, found, key, order, (ranks or {}).get(key))
        self.in_order(
            self.name, self.everything(**query), default, "desc", (ranks or {}).get(default)
        )

    def orders(self, rows, key="created_at", **query):
        """A list whose sort key is fixed."""
        for order in ("asc", "desc"):
            found = self.everything(sort_order=order, **query)
            self.same(f"{self.name}?sort_order={order}", found, rows)
            self.in_order(f"{self.name}?sort_order={order}", found, key, order)
        self.in_order(self.name, self.everything(**query), key, "desc")

    def in_order(self, about, rows, key, order="desc", ranks=None):
        """Ascending or descending by a field; null is below everything."""

        def weight(row):
            value = row[key]
            if ranks:
                return (True, ranks.index(value))
            if isinstance(value, str) and key == "name":
                value = value.lower()
            return (value is not None, value if value is not None else 0)

        weights = [weight(row) for row in rows]
        expected = sorted(weights, reverse=order == "desc")
        self.play.equal(f"order of {about}", weights, expected)

    def pages(self, rows, **query):
        """An admin's pages: cut as asked, with a true envelope, and empty past the end."""
        size = 2
        total_pages = max(1, -(-len(rows) // size))
        cut = []
        for number in range(1, min(total_pages, 4) + 1):
            page = self.page(page=number, page_size=size, **query)
            cut += page["items"]
            envelope = {
                key: page[key] for key in ("total", "page", "page_size", "total_pages", "has_more")
            }
            self.play.equal(
                f"envelope of {self.name}",
                envelope,
                {
                    "total": len(rows),
                    "page": number,
                    "page_size": size,
                    "total_pages": total_pages,
                    "has_more": number < total_pages,
                },
            )
        expected = self.page(page_size=100, **query)["items"][: len(cut)]
        self.play.equal(
            f"pages of {self.name}", list(map(identity, cut)), list(map(identity, expected))
        )
        past = self.page(page=total_pages + 5, page_size=size, **query)
        self.play.equal(
            f"past the end of {self.name}",
            (past["items"], past["total"], past["has_more"]),
            ([], len(rows), False),
        )
        self.play.equal(f"default size of {self.name}", self.page(**query)["page_size"], 20)

    def agents_pages(self, rows):
        """An agents' pages: optional, lenient about bounds."""

        def envelope(**query):
            page = self.page(**query)
            return (
                page["page"],
                page["page_size"],
                len(page["items"]),
                page["total_pages"],
                page["has_more"],
            )

        count = len(rows)
        self.play.differs("pages of agents")
        if count <= 200:
            self.play.equal(f"all of {self.name}", envelope(), (1, 0, count, 1, False))
            self.play.equal(
                f"all of {self.name}", envelope(page=9, page_size=0), (1, 0, count, 1, False)
            )
            self.play.equal(f"all of {self.name}", envelope(page_size=-3), (1, 0, count, 1, False))
        one_each = (1, 1, 1, count, count > 1)
        self.play.equal(f"one of {self.name}", envelope(page=-5, page_size=1), one_each)
        size = min(count, 100)
        pages = -(-count // 100)
        self.play.equal(
            f"large page of {self.name}", envelope(page_size=1000), (1, 100, size, pages, pages > 1)
        )
        self.play.equal(
            f"past the end of {self.name}",
            envelope(page=count + 7, page_size=1),
            (count + 7, 1, 0, count, False),
        )

    def wrong(self, **query):
        """Bad values: each is named, alone and together."""
        for key, value in query.items():
            self.refuses(key, value)
        reply = self.caller.ask(self.name, *self.ids, query={**self.base, **query})
        for key in query:
            self.caller.problem(reply, 422, key)

    def refuses(self, key, value):
        reply = self.caller.ask(self.name, *self.ids, query={**self.base, key: value})
        self.caller.problem(reply, 422, key)
        self.play.ledger.wrong_parameter(self.play.ledger.operations[self.name], key)


def identity(row):
    """What a row is known by."""
    return str(row.get("id") or row.get("agent_id") or row.get("slug"))
