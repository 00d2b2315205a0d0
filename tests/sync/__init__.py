"""Sync between machines. What it has to fulfil, and where that is tested:

- R1 all machines end up equal: `test_state_machine`, `test_state_machine_postgres`, `test_namespaces`
- R2 nothing is lost but what a purge saw: `test_state_machine`, its mutants `blind_purge` and `no_rescue`
- R3 a kill between any two steps: `test_state_machine`, `test_kills`, `test_first_sync`
- R4 no reader skips a record: `test_hub` (the race, and its control with a plain sequence)
- R5 a hub that is away, silent or slow costs the app nothing: `test_network`, `tests.benchmarks.beside_sync`
- R6 short transactions, search beside a first sync: `test_exchange`, `test_throttle`, `tests.benchmarks.beside_sync`
- R7 wrong clocks decide nothing: `test_state_machine`, whose machines are ten years apart
- R8 nothing readable leaves, altered records are refused: `test_network`, `test_seal`, `test_exchange`
- R9 no key or no membership, no record: `test_hub`, `test_commands`
- R10 restored and copied files and hubs, holes made by hand: `test_commands`, `test_network`, `test_hub_places`
- R11 programs and hubs of different versions: `test_exchange`, `test_hub`, `test_commands`
- R12 siblings, open views, live replies, kept conversations: `test_exchange`, `tests/ui/chat/test_sync_notices`
"""
