"""The dependency graph as a drawing: a column a distance, boxes, lines between them; many alike as one box."""

from collections.abc import Mapping, Sequence

from domain.graph import Graph, Node
from domain.model import Model
from web.present import words

MOST_ALIKE = 5
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 38, 70, 12, 10
LETTERS = 22
COLUMNS: Mapping[int, str] = {-1: "needed by it", 0: "this change", 1: "depends on it", 2: "two steps away"}


class Box(Model):
    """A box: an entry, or several of one type. Left upper corner in pixels."""

    x: int
    y: int
    title: str
    type: str
    changed: bool
    tip: str


class Line(Model):
    """A reference from the right side of one box to the left side of another."""

    x1: int
    y1: int
    x2: int
    y2: int


class Heading(Model):
    """What a column holds."""

    x: int
    text: str


class Drawing(Model):
    """Everything to be drawn, and how large it is."""

    width: int
    height: int
    headings: tuple[Heading, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def drawing(graph: Graph) -> Drawing:
    """The drawing of a graph; entries of one type at one distance become one box where there are many of them."""
    columns: dict[int, list[list[Node]]] = {}
    for distance in sorted({node.distance for node in graph.nodes}):
        columns[distance] = _grouped([node for node in graph.nodes if node.distance == distance])
    places, boxes, headings = {}, [], []
    for number, (distance, groups) in enumerate(columns.items()):
        x = MARGIN + number * (WIDTH + GAP_X)
        headings.append(Heading(x=x, text=COLUMNS.get(distance, f"{distance} steps away")))
        for row, group in enumerate(groups):
            box = _box(group, x, 3 * MARGIN + row * (HEIGHT + GAP_Y))
            boxes.append(box)
            places.update({node.id: box for node in group})
    ends = {(_key(places[edge.source]), _key(places[edge.target])) for edge in graph.edges if edge.source in places}
    tallest = max((len(groups) for groups in columns.values()), default=0)
    return Drawing(
        width=2 * MARGIN + max(len(columns), 1) * (WIDTH + GAP_X) - GAP_X,
        height=4 * MARGIN + tallest * (HEIGHT + GAP_Y),
        headings=tuple(headings),
        boxes=tuple(boxes),
        lines=tuple(_line(one, other) for one, other in sorted(ends) if one != other),
    )


def _grouped(nodes: Sequence[Node]) -> list[list[Node]]:
    by_type: dict[tuple[str, bool], list[Node]] = {}
    for node in nodes:
        by_type.setdefault((node.type, node.changed), []).append(node)
    groups: list[list[Node]] = []
    for alike in by_type.values():
        groups += [alike] if len(alike) > MOST_ALIKE else [[node] for node in alike]
    return groups


def _box(group: Sequence[Node], x: int, y: int) -> Box:
    first = group[0]
    title = first.title if len(group) == 1 else f"{len(group)} alike"
    tip = first.id if len(group) == 1 else ", ".join(node.title for node in group[:20])
    short = title if len(title) <= LETTERS else f"{title[: LETTERS - 1]}…"
    return Box(x=x, y=y, title=short, type=words(first.type), changed=first.changed, tip=tip)


def _key(box: Box) -> tuple[int, int]:
    return box.x, box.y


def _line(one: tuple[int, int], other: tuple[int, int]) -> Line:
    """Between neighbouring sides; in one column, along its left side."""
    (left_x, left_y), (right_x, right_y) = sorted((one, other))
    start = left_x if left_x == right_x else left_x + WIDTH
    return Line(x1=start, y1=left_y + HEIGHT // 2, x2=right_x, y2=right_y + HEIGHT // 2)
