"""`mandate evidence`, `mandate audit` and `mandate ask`, as somebody types them."""

from pathlib import Path

from tests.cli.command_line import CommandLine

AS = ("--as", "mara.lindqvist")


def draft(shop: CommandLine) -> str:
    made = shop.process(
        *("change", "create", "--offering", "FIBRE-500", "--selling-model", "monthly", "--market", "DE", "--channel"),
        *("direct", "--currency", "EUR", "--price", "43.90", "--title", "Fibre 500", "--objective", "Follow the cost."),
        *(*AS, "--json"),
    )
    assert made.code == 0, made
    return str(made.json["change"])


def test_a_package_is_written_verified_offline_and_one_flipped_byte_is_found(
    shop_with_content: CommandLine, tmp_path: Path
) -> None:
    shop, change = shop_with_content, draft(shop_with_content)
    file, key = tmp_path / "change.zip", tmp_path / "public.pem"
    assert shop.process("evidence", "change", change, "--out", str(file), *AS).out == f"{file}\n"
    assert shop.process("evidence", "key", "--out", str(key), *AS).code == 0
    offline = CommandLine(tmp_path, "http://127.0.0.1:1", {})
    holds = offline.process("evidence", "verify", str(file), "--key", str(key))
    assert holds.code == 0 and f"{change} of mandate-" in holds.out and "checked: " in holds.out

    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    broken = offline.process("evidence", "verify", str(file), "--key", str(key))
    assert broken.code == 1 and "does NOT hold" in broken.out
    as_json = offline.process("evidence", "verify", str(file), "--key", str(key), "--json")
    assert as_json.code == 1 and as_json.json["holds"] is False


def test_bad_input_gets_one_clear_line(shop_with_content: CommandLine, tmp_path: Path) -> None:
    missing = shop_with_content.process("evidence", "verify", "nothing.zip", "--key", str(tmp_path / "no.pem"))
    assert missing.code == 4 and "cannot be read" in missing.err and "Traceback" not in missing.err
    (tmp_path / "no.pem").write_text("no key")
    bad_key = shop_with_content.process(
        "evidence", "verify", str(tmp_path / "no.pem"), "--key", str(tmp_path / "no.pem")
    )
    assert bad_key.code != 0 and "bad_public_key" in bad_key.err
    assert shop_with_content.process("evidence", "change", "CR-2026-9999", *AS).code == 4


def test_records_are_searched_and_verified_and_questions_asked(shop_with_content: CommandLine) -> None:
    shop, change = shop_with_content, draft(shop_with_content)
    found = shop.process("audit", "search", "--subject", change, *AS, "--json")
    assert [record["action"] for record in found.json] == ["change.created"]
    assert "change.created" in shop.process("audit", "search", "--subject", change, *AS).out
    assert "Every chain holds" in shop.process("audit", "verify", *AS).out
    assert "why-price" in shop.process("ask", *AS).out
    assert f"Nobody has decided on {change}." in shop.process("ask", "who-approved", change, *AS).out
