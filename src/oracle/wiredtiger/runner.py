"""Makes the calls of recorded programs on plain tables of real WiredTiger and answers with what they returned.

Started by child.rs as `python -I -c <this text> <limit>`, in an empty directory of its own. Requests come on standard
input, answers go to standard output, and what WiredTiger has to say to standard error. mod.rs has the format of both.
The directory is removed as soon as this process has said hello: an in-memory database has no files.
`limit` is the number of seconds after which a program kills this process, in case the parent is no longer there to.

WiredTiger is called through ctypes and not through the package's Python methods: those raise exceptions instead of
returning codes, keep a copy of the cursor's state in Python, and cannot show a key or a value without a call that has
effects of its own. The structures below are those of the version in VERSION, from its wiredtiger.h: methods are called
through the pointers in them, and the state of a cursor is read from its flags and items, without a call. Any other
version is refused.
"""

import binascii
import contextlib
import ctypes
import glob
import importlib.util
import os
import resource
import signal
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint32, c_uint64, c_void_p

VERSION = (11, 3, 1)

# How many programs a connection serves at most. Dropped tables stay in its lists for a while.
PROGRAMS_PER_CONNECTION = 100

# The whole of a table has to stay on one page in memory, which is never split or evicted: a page may be as large as a
# tenth of the share of the cache at which writers are made to evict.
CONNECTION = (
    b"create,in_memory=true,cache_size=1GB,cache_cursors=false,statistics=(none),session_max=64,"
    b"eviction_target=90,eviction_trigger=98,eviction_dirty_target=90,eviction_dirty_trigger=98,"
    b"eviction_updates_target=90,eviction_updates_trigger=98,eviction=(threads_min=1,threads_max=1)"
)
# Without log=(enabled=false) the tables of an in-memory connection ignore timestamps.
TABLE = b"log=(enabled=false),memory_page_max=90MB"
# What keys and values are, by the word for it in a request. In column stores keys are record numbers, and those with records
# of fixed length have values of one byte; their pages are never larger, but that says nothing of those in memory.
FORMATS = {
    b"row": b"key_format=u,value_format=u,leaf_page_max=32MB,",
    b"var": b"key_format=r,value_format=u,leaf_page_max=32MB,",
    b"fix": b"key_format=r,value_format=8t,leaf_page_max=128KB,",
}
# Waits for no checkpoint; the locks are only ever held by WiredTiger's own threads, and not for long.
DROP = b"checkpoint_wait=false"
# Changes nothing, but makes WiredTiger look which transactions everybody sees by now. Otherwise it does that some time
# later, and until then the tables that they wrote to are busy.
LOOK_AROUND = b"dryrun=true,threads=0"

PANIC = -31804


class Item(ctypes.Structure):
    """WT_ITEM."""

    _fields_ = [
        ("data", c_char_p),
        ("size", c_size_t),
        ("mem", c_void_p),
        ("memsize", c_size_t),
        ("flags", c_uint32),
    ]


class Modify(ctypes.Structure):
    """WT_MODIFY."""

    _fields_ = [("data", Item), ("offset", c_size_t), ("size", c_size_t)]


def pointers(*names):
    """Fields that are pointers: to data or to methods."""
    return [(name, c_void_p) for name in names]


class CursorStruct(ctypes.Structure):
    """WT_CURSOR."""

    _fields_ = [
        *pointers("session", "uri", "key_format", "value_format"),
        *pointers("get_key", "get_value", "get_raw_key_value", "set_key", "set_value", "compare", "equals"),
        *pointers("next", "prev", "reset", "search", "search_near", "insert", "modify", "update", "remove"),
        *pointers("reserve", "checkpoint_id", "close", "largest_key", "reconfigure", "bound", "cache", "reopen"),
        ("uri_hash", c_uint64),
        *pointers("queue_next", "queue_prev"),
        ("recno", c_uint64),
        ("raw_recno_buf", ctypes.c_uint8 * 9),
        *pointers("json_private", "lang_private"),
        ("key", Item),
        ("value", Item),
        ("saved_err", c_int),
        *pointers("internal_uri"),
        ("lower_bound", Item),
        ("upper_bound", Item),
        ("flags", c_uint64),
    ]


class SessionStruct(ctypes.Structure):
    """WT_SESSION, as far as it is needed."""

    _fields_ = pointers(
        *("connection", "app_private", "close", "reconfigure", "strerror", "open_cursor", "alter"),
        *("bind_configuration", "create", "compact", "drop", "join", "log_flush", "log_printf", "rename", "reset"),
        *("salvage", "truncate", "verify", "begin_transaction", "commit_transaction", "prepare_transaction"),
        *("rollback_transaction", "query_timestamp", "timestamp_transaction", "timestamp_transaction_uint"),
        *("checkpoint", "reset_snapshot"),
    )


class ConnectionStruct(ctypes.Structure):
    """WT_CONNECTION, as far as it is needed."""

    _fields_ = pointers(
        *("close", "debug_info", "reconfigure", "get_home", "compile_configuration", "configure_method", "is_new"),
        *("open_session", "query_timestamp", "set_timestamp", "rollback_to_stable"),
    )


KEY_EXTERNAL = 0x001000000
KEY_INTERNAL = 0x002000000
KEY_SET = KEY_EXTERNAL | KEY_INTERNAL
VALUE_EXTERNAL = 0x100000000
VALUE_INTERNAL = 0x200000000
VALUE_SET = VALUE_EXTERNAL | VALUE_INTERNAL

# The state of a cursor as 64-bit words from the key on: where its parts are.
STATE = CursorStruct.key.offset
RECNO = CursorStruct.recno.offset
WORDS = (ctypes.sizeof(CursorStruct) - STATE) // 8
KEY_DATA = 0
KEY_SIZE = (CursorStruct.key.offset - STATE + Item.size.offset) // 8
VALUE_DATA = (CursorStruct.value.offset - STATE) // 8
VALUE_SIZE = (CursorStruct.value.offset - STATE + Item.size.offset) // 8
FLAGS = (CursorStruct.flags.offset - STATE) // 8

# Nobody else runs Python here, so calls keep the interpreter's lock.
METHOD = ctypes.PYFUNCTYPE
CONFIGURED = METHOD(c_int, c_void_p, c_char_p)
PLAIN = METHOD(c_int, c_void_p)
ITEM = METHOD(c_int, c_void_p, POINTER(Item))
RECORD_NUMBER = METHOD(c_int, c_void_p, c_uint64)
BYTE = METHOD(c_int, c_void_p, c_int)
INTO_INT = METHOD(c_int, c_void_p, c_void_p, POINTER(c_int))
NEAR = METHOD(c_int, c_void_p, POINTER(c_int))
NAMED = METHOD(c_int, c_void_p, c_char_p, c_char_p)
QUERY = METHOD(c_int, c_void_p, c_char_p, c_char_p)


class Refused(Exception):
    """There is no WiredTiger to be driven by this program."""


class Bad(Exception):
    """The entry cannot be executed, or nothing can after it."""


class Methods:
    """What can be called on an object, by name, from the pointers in its structure."""

    def __init__(self, struct, signatures):
        for name, signature in signatures.items():
            setattr(self, name, signature(getattr(struct, name)))


SESSION_METHODS = {
    "close": CONFIGURED,
    "open_cursor": METHOD(c_int, c_void_p, c_char_p, c_void_p, c_char_p, POINTER(c_void_p)),
    "create": NAMED,
    "drop": NAMED,
    "truncate": METHOD(c_int, c_void_p, c_char_p, c_void_p, c_void_p, c_char_p),
    "begin_transaction": CONFIGURED,
    "commit_transaction": CONFIGURED,
    "prepare_transaction": CONFIGURED,
    "rollback_transaction": CONFIGURED,
    "query_timestamp": QUERY,
    "timestamp_transaction": CONFIGURED,
    "reset_snapshot": PLAIN,
}
CONNECTION_METHODS = {
    "close": CONFIGURED,
    "open_session": METHOD(c_int, c_void_p, c_void_p, c_char_p, POINTER(c_void_p)),
    "query_timestamp": QUERY,
    "set_timestamp": CONFIGURED,
    "rollback_to_stable": CONFIGURED,
}
CURSOR_METHODS = {
    **dict.fromkeys(("next", "prev", "reset", "search", "insert", "update", "remove", "reserve"), PLAIN),
    **dict.fromkeys(("close", "largest_key"), PLAIN),
    **dict.fromkeys(("get_key", "get_value", "set_key", "set_value"), ITEM),
    **dict.fromkeys(("compare", "equals"), INTO_INT),
    **dict.fromkeys(("reconfigure", "bound"), CONFIGURED),
    "search_near": NEAR,
    "modify": METHOD(c_int, c_void_p, POINTER(Modify), c_int),
}

string_at = ctypes.string_at
unhex = binascii.unhexlify


class Cursor:
    """A cursor in its slot."""

    __slots__ = ("address", "words", "call", "item")

    # One table of methods for all cursors of a kind: by the pointers that it was made of.
    kinds = {}

    def __init__(self, address, struct):
        self.address = address
        words = (c_uint64 * WORDS).from_address(address + STATE)
        self.words = memoryview(words).cast("B").cast("Q")
        first = CursorStruct.get_key.offset
        pointers_in_it = string_at(address + first, CursorStruct.cache.offset - first)
        methods = Cursor.kinds.get(pointers_in_it)
        if methods is None:
            methods = Methods(struct, CURSOR_METHODS)
            Cursor.kinds[pointers_in_it] = methods
        self.call = methods
        self.item = Item()

    def key(self):
        """The key's bytes; only if it is set."""
        return string_at(self.words[KEY_DATA], self.words[KEY_SIZE])

    def set_key(self, data):
        """set_key. The bytes have to stay."""
        item = self.item
        item.data = data
        item.size = len(data)
        self.call.set_key(self.address, item)

    def set_value(self, data):
        """set_value. The bytes have to stay."""
        item = self.item
        item.data = data
        item.size = len(data)
        self.call.set_value(self.address, item)

    def answer(self, code, exact=0):
        """The answer to a call on the cursor, with the state that it is in."""
        words = self.words
        flags = words[FLAGS]
        if flags & KEY_SET:
            key = self.key().hex()
            key = f"i{key}" if flags & KEY_INTERNAL else f"e{key}"
        else:
            key = "-"
        if flags & VALUE_SET:
            value = string_at(words[VALUE_DATA], words[VALUE_SIZE]).hex()
            value = f"i{value}" if flags & VALUE_INTERNAL else f"e{value}"
        else:
            value = "-"
        return f"{code} {exact} {key} {value} 0"


class RecordCursor(Cursor):
    """A cursor on a column store, in its slot."""

    __slots__ = ("recno", "set_number", "set_byte")

    def __init__(self, address, struct):
        super().__init__(address, struct)
        self.recno = c_uint64.from_address(address + RECNO)
        self.set_number = RECORD_NUMBER(struct.set_key)
        # Only for values of one byte.
        self.set_byte = BYTE(struct.set_value) if string_at(struct.value_format) == b"8t" else None

    def key(self):
        """The record number, as bytes that are in order; only if the key is set."""
        return self.recno.value.to_bytes(8, "big")

    def set_key(self, data):
        """set_key."""
        self.set_number(self.address, int.from_bytes(data, "big"))

    def set_value(self, data):
        """set_value. The bytes have to stay."""
        if self.set_byte:
            self.set_byte(self.address, data[0])
        else:
            super().set_value(data)


def cursor_at(address):
    """The cursor that WiredTiger has opened there."""
    struct = CursorStruct.from_address(address)
    kind = RecordCursor if string_at(struct.key_format) == b"r" else Cursor
    return kind(address, struct)


def sign(number):
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


class Connection:
    """An open in-memory database."""

    def __init__(self, library):
        handle = c_void_p()
        code = library.wiredtiger_open(b".", None, CONNECTION, byref(handle))
        if code:
            raise Refused(f"wiredtiger_open: {code}")
        self.address = handle.value
        self.call = Methods(ConnectionStruct.from_address(self.address), CONNECTION_METHODS)
        self.programs = 0
        # The methods of sessions. A session of its own creates and drops the tables.
        self.session_call = None
        self.own = self.open_session(None)

    def open_session(self, config):
        """Opens a session and answers with its address."""
        handle = c_void_p()
        code = self.call.open_session(self.address, None, config, byref(handle))
        if code:
            raise Bad(f"open_session {code}")
        if self.session_call is None:
            self.session_call = Methods(SessionStruct.from_address(handle.value), SESSION_METHODS)
        return handle.value

    def open_cursor(self, session, uri, to_duplicate, config):
        """Opens a cursor: its code, and the cursor if that is 0."""
        handle = c_void_p()
        code = self.session_call.open_cursor(session, uri, to_duplicate, config, byref(handle))
        return code, None if code else cursor_at(handle.value)

    def create(self, uri, form):
        """Creates a table of that format."""
        return self.session_call.create(self.own, uri, FORMATS[form] + TABLE)

    def drop(self, uris):
        """Drops tables, and answers with the code of the first that fails. Busy while a transaction is running or a
        cursor holds a place anywhere: whether it would be with a cursor on another table is a matter of time."""
        code = self.call.rollback_to_stable(self.address, LOOK_AROUND)
        for uri in uris:
            code = code or self.session_call.drop(self.own, uri, DROP)
        return code

    def close(self):
        """Closes the connection with all that is open on it."""
        self.call.close(self.address, None)


class Program:
    """A program that is being executed: its sessions, tables and slots."""

    def __init__(self, connection, sessions, tables, isolations, form):
        self.connection = connection
        self.form = form
        self.call = connection.session_call
        levels = isolations.split(b",")
        if len(levels) != sessions:
            raise Bad("program: as many isolation levels as sessions")
        serial = connection.programs
        self.tables = [b"table:p%d_t%d" % (serial, table) for table in range(tables)]
        for uri in self.tables:
            code = connection.create(uri, form)
            if code:
                raise Bad(f"create {code}")
        self.sessions = {}
        for number, level in enumerate(levels):
            config = b"cache_cursors=false,isolation=" + level
            self.sessions[b"%d" % number] = connection.open_session(config)
        self.slots = {}
        # A session that looks on. As long as somebody may want to see all that there was, WiredTiger has no reason to drop
        # versions, or to evict a page because a walk has found nothing on it but what everybody sees removed: after that
        # cursors on the page would not count as standing there, which would change what they see.
        self.witness = connection.open_session(b"isolation=snapshot")
        self.watch()
        # Byte strings that the program has named. A cursor refers to what was set and does not copy it.
        self.named = {b"-": b""}

    def watch(self):
        """The session that looks on takes a snapshot, and keeps it."""
        self.call.begin_transaction(self.witness, None)

    def unwatched(self, call):
        """Makes a call that nobody may look on at."""
        self.call.rollback_transaction(self.witness, None)
        code = call()
        self.watch()
        return code

    def close(self):
        """Closes the sessions and drops the tables. False if the connection is not as clean as it was."""
        self.call.close(self.witness, None)
        codes = [self.call.close(session, None) for session in self.sessions.values()]
        return not any(codes) and self.connection.drop(self.tables) == 0

    def bytes(self, token):
        """The byte string that a token stands for. It lives as long as the program."""
        known = self.named.get(token)
        if known is None:
            known = self.named[token] = unhex(token)
        return known

    def cursor(self, session, slot):
        """The cursor in a slot."""
        cursor = self.slots.get((session, slot))
        if cursor is None:
            raise Bad(f"slot {session.decode()}.{slot.decode()} is empty")
        return cursor

    def session(self, session):
        """The address of a session."""
        return self.sessions[session]

    def table(self, number):
        """The name of a table."""
        return self.tables[int(number)]

    def put(self, where, cursor):
        """Puts a cursor into a slot and closes the one that was there."""
        old = self.slots.get(where)
        self.slots[where] = cursor
        return old.call.close(old.address) if old else 0


def on_cursor(method):
    """A verb that is a method of the cursor and has no operands."""

    def verb(program, tokens):
        cursor = program.slots.get((tokens[1], tokens[2])) or program.cursor(tokens[1], tokens[2])
        return cursor.answer(getattr(cursor.call, method)(cursor.address))

    return verb


def with_item(method):
    """set_key or set_value. They return nothing: what is wrong shows in the next call."""

    def verb(program, tokens):
        cursor = program.cursor(tokens[1], tokens[2])
        getattr(cursor, method)(program.bytes(tokens[3]))
        return cursor.answer(0)

    return verb


def into_item(method):
    """get_key or get_value. Only the code matters: the bytes are in the state."""

    def verb(program, tokens):
        cursor = program.cursor(tokens[1], tokens[2])
        return cursor.answer(getattr(cursor.call, method)(cursor.address, Item()))

    return verb


def with_other(method):
    """compare or equals."""

    def verb(program, tokens):
        cursor = program.cursor(tokens[1], tokens[2])
        other = program.cursor(tokens[3], tokens[4])
        result = c_int()
        code = getattr(cursor.call, method)(cursor.address, other.address, result)
        return cursor.answer(code, 0 if code else sign(result.value))

    return verb


def configured(method):
    """A method of the session that has a configuration."""

    def verb(program, tokens):
        config = None if tokens[3] == b"-" else tokens[3]
        code = getattr(program.call, method)(program.session(tokens[1]), config)
        return f"{code} 0 - - 0"

    return verb


def open_cursor(program, tokens):
    """A cursor that cannot be opened leaves the one that is there, as a duplicate does."""
    _, session, slot, table, overwrite, random, *append = tokens
    config = b"overwrite=" + (b"true" if overwrite == b"1" else b"false")
    if random == b"1":
        config += b",next_random=true"
    if append == [b"append"]:
        config += b",append=true"
    code, cursor = program.connection.open_cursor(program.session(session), program.table(table), None, config)
    return put_or_keep(program, (session, slot), code, cursor)


def duplicate(program, tokens):
    _, session, slot, from_session, from_slot = tokens
    source = program.cursor(from_session, from_slot)
    code, cursor = program.connection.open_cursor(program.session(session), None, source.address, None)
    return put_or_keep(program, (session, slot), code, cursor)


def put_or_keep(program, where, code, cursor):
    """Puts the new cursor into the slot, if there is one, and answers with what the slot then has."""
    if cursor:
        code = program.put(where, cursor)
    holder = program.slots.get(where)
    return holder.answer(code) if holder else f"{code} 0 - - 0"


def close_cursor(program, tokens):
    cursor = program.cursor(tokens[1], tokens[2])
    del program.slots[(tokens[1], tokens[2])]
    return f"{cursor.call.close(cursor.address)} 0 - - 0"


def bound(program, tokens):
    _, session, slot, side, inclusive = tokens
    cursor = program.cursor(session, slot)
    truth = b"true" if inclusive == b"1" else b"false"
    config = b"action=set,bound=" + side + b",inclusive=" + truth
    return cursor.answer(cursor.call.bound(cursor.address, config))


def clear(program, tokens):
    cursor = program.cursor(tokens[1], tokens[2])
    return cursor.answer(cursor.call.bound(cursor.address, b"action=clear"))


def reconfigure(program, tokens):
    cursor = program.cursor(tokens[1], tokens[2])
    config = b"overwrite=true" if tokens[3] == b"1" else b"overwrite=false"
    return cursor.answer(cursor.call.reconfigure(cursor.address, config))


def near(program, tokens):
    """Both neighbours of a key that is not there are right. The other one than expected: one step to the expected."""
    cursor = program.cursor(tokens[1], tokens[2])
    exact = c_int()
    code = cursor.call.search_near(cursor.address, exact)
    first = cursor.answer(code, 0 if code else sign(exact.value))
    if code or exact.value == 0 or tokens[3] == b"-":
        return first
    expected, found = program.bytes(tokens[3]), cursor.key()
    if found == expected:
        return first
    step = cursor.call.next if found < expected else cursor.call.prev
    return f"{first} | {cursor.answer(step(cursor.address))}"


def state(program, tokens):
    return program.cursor(tokens[1], tokens[2]).answer(0)


def modify(program, tokens):
    cursor = program.cursor(tokens[1], tokens[2])
    parts = [] if tokens[3] == b"." else [part.split(b":") for part in tokens[3].split(b",")]
    entries = (Modify * len(parts))()
    for entry, (data, offset, size) in zip(entries, parts):
        data = program.bytes(data)
        entry.data.data = data
        entry.data.size = len(data)
        entry.offset = int(offset)
        entry.size = int(size)
    return cursor.answer(cursor.call.modify(cursor.address, entries, len(parts)))


def rollback(program, tokens):
    return f"{program.call.rollback_transaction(program.session(tokens[1]), None)} 0 - - 0"


def snapshot(program, tokens):
    return f"{program.call.reset_snapshot(program.session(tokens[1]))} 0 - - 0"


def query(program, tokens):
    _, session, _, what, config = tokens
    config = None if config == b"-" else config
    answer = ctypes.create_string_buffer(40)
    if what == b"session":
        code = program.call.query_timestamp(program.session(session), answer, config)
    elif what == b"node":
        code = program.connection.call.query_timestamp(program.connection.address, answer, config)
    else:
        raise Bad(f"query {what.decode()}")
    return f"{code} 0 - - {0 if code else int(answer.value, 16)}"


def truncate(program, tokens):
    ends = [None if slot == b"-" else program.cursor(tokens[1], slot).address for slot in tokens[3:]]
    start, stop = ends
    return f"{program.call.truncate(program.session(tokens[1]), None, start, stop, None)} 0 - - 0"


def truncate_table(program, tokens):
    session, uri = program.session(tokens[1]), program.table(tokens[3])
    return f"{program.call.truncate(session, uri, None, None, None)} 0 - - 0"


def set_timestamp(program, tokens):
    config = None if tokens[3] == b"-" else tokens[3]
    return f"{program.connection.call.set_timestamp(program.connection.address, config)} 0 - - 0"


def rollback_to_stable(program, _):
    connection = program.connection
    code = program.unwatched(lambda: connection.call.rollback_to_stable(connection.address, b"threads=0"))
    return f"{code} 0 - - 0"


def recreate(program, tokens):
    uri = program.table(tokens[3])
    connection = program.connection
    code = program.unwatched(lambda: connection.drop([uri]) or connection.create(uri, program.form))
    return f"{code} 0 - - 0"


VERBS = {
    **{verb.encode(): on_cursor(verb) for verb in ("reset", "search", "next", "prev")},
    **{verb.encode(): on_cursor(verb) for verb in ("insert", "update", "remove", "reserve")},
    b"largest": on_cursor("largest_key"),
    b"open": open_cursor,
    b"close": close_cursor,
    b"duplicate": duplicate,
    b"key": with_item("set_key"),
    b"value": with_item("set_value"),
    b"getkey": into_item("get_key"),
    b"getvalue": into_item("get_value"),
    b"bound": bound,
    b"clear": clear,
    b"reconfigure": reconfigure,
    b"near": near,
    b"state": state,
    b"compare": with_other("compare"),
    b"equals": with_other("equals"),
    b"modify": modify,
    b"begin": configured("begin_transaction"),
    b"commit": configured("commit_transaction"),
    b"prepare": configured("prepare_transaction"),
    b"rollback": rollback,
    b"timestamp": configured("timestamp_transaction"),
    b"snapshot": snapshot,
    b"query": query,
    b"truncate": truncate,
    b"truncatetable": truncate_table,
    b"settimestamp": set_timestamp,
    b"rts": rollback_to_stable,
    b"recreate": recreate,
}


def load():
    """The shared object of the installed package, of the right version."""
    package = importlib.util.find_spec("wiredtiger")
    if package is None:
        raise Refused(f"{sys.executable} has no package wiredtiger")
    found = glob.glob(os.path.join(os.path.dirname(package.origin), "_wiredtiger*.so"))
    if not found:
        raise Refused(f"the package wiredtiger of {sys.executable} has no shared object")
    try:
        library = ctypes.PyDLL(found[0])
        numbers = (c_int * 3)()
        library.wiredtiger_version(*(byref(numbers, 4 * at) for at in range(3)))
    except (OSError, AttributeError) as error:
        raise Refused(str(error)) from error
    if tuple(numbers) != VERSION:
        wanted, there = (".".join(map(str, version)) for version in (VERSION, numbers))
        raise Refused(f"WiredTiger is {there}, and only {wanted} is known to be laid out as is assumed")
    return library


def check_layout(connection):
    """Makes sure that the structures are laid out as they are assumed to be, as far as that can be seen from outside."""
    uri = b"table:layout"
    session = connection.own
    if connection.create(uri, b"row"):
        raise Refused("a table cannot be created")
    code, cursor = connection.open_cursor(session, uri, None, None)
    if code:
        raise Refused("a cursor cannot be opened")
    struct = CursorStruct.from_address(cursor.address)
    formats = [string_at(text) for text in (struct.uri, struct.key_format, struct.value_format)]
    key = b"a key"
    cursor.set_key(key)
    as_assumed = (
        formats == [uri, b"u", b"u"]
        and struct.session == session
        and SessionStruct.from_address(session).connection == connection.address
        and cursor.answer(0) == f"0 0 e{key.hex()} - 0"
    )
    if not as_assumed or cursor.call.close(cursor.address) or connection.drop([uri]):
        raise Refused("the structures of WiredTiger are not laid out as is assumed")


class Executor:
    """Reads programs and executes them, one after the other."""

    def __init__(self, library, limit):
        self.library = library
        self.limit = limit
        self.source = sys.stdin.buffer
        # WiredTiger itself sometimes writes to standard output: from here on that is standard error.
        self.sink = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self.flush = False
        self.connection = Connection(library)
        check_layout(self.connection)

    def say(self, lines):
        """Writes lines to the parent."""
        self.sink.write(("\n".join(lines) + "\n").encode())
        self.sink.flush()

    def renew(self):
        """Opens another connection in the place of the one that there is."""
        self.connection.close()
        self.connection = Connection(self.library)

    def serve(self):
        """Executes what comes, until there is no more."""
        for line in self.source:
            tokens = line.split()
            if tokens[:1] == [b"flush"]:
                self.flush = tokens[1:] == [b"1"]
            elif tokens[:1] == [b"program"] and len(tokens) in (7, 8) and tokens[7:8] in ([], [b"var"], [b"fix"]):
                signal.alarm(self.limit)
                with contextlib.suppress(OSError):
                    os.ftruncate(2, 0)
                self.program(tokens)
                signal.alarm(0)
            else:
                self.say([f"bad request {line.decode(errors='replace').strip()}"])
                return
        self.connection.close()

    def program(self, tokens):
        """Executes one program and answers."""
        _, name, base, sessions, _, tables, isolations, *form = tokens
        if base == b"fresh" or self.connection.programs >= PROGRAMS_PER_CONNECTION:
            if self.connection.programs:
                self.renew()
        self.connection.programs += 1
        answers = []
        program = None
        try:
            form = form[0] if form else b"row"
            program = Program(self.connection, int(sessions), int(tables), isolations, form)
            self.entries(program, answers)
            last = f"done {name.decode()}"
        except Bad as bad:
            last = f"bad {bad}"
        answers.append(last)
        self.say(answers)
        if last == "bad panic":
            # Nothing works on such a connection, not even closing it.
            os._exit(0)
        if last.startswith("bad"):
            self.skip()
        if program is None or not program.close():
            self.renew()

    def entries(self, program, answers):
        """Executes the entries up to `end`."""
        verbs = VERBS
        append = answers.append
        for line in self.source:
            if line == b"end\n":
                return
            tokens = line.split()
            try:
                answer = verbs[tokens[0]](program, tokens)
            except (KeyError, ValueError, IndexError, TypeError) as error:
                raise Bad(f"entry {line.decode(errors='replace').strip()}") from error
            append(answer)
            if self.flush:
                self.say(answers)
                answers.clear()
            if answer.startswith("-31804"):
                raise Bad("panic")
        raise Bad("request without end")

    def skip(self):
        """Passes over what is left of a program that ended early."""
        for line in self.source:
            if line == b"end\n":
                return


def main():
    # A death is reported by its last words; nobody wants the memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        executor = Executor(load(), int(sys.argv[1]))
    except Refused as refused:
        sys.exit(str(refused))
    version = ".".join(map(str, VERSION))
    executor.say([f"wiredtiger {version} python"])
    executor.serve()


main()
