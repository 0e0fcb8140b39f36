"""What only the whole of an Apache configuration tells: inheritance, limits of processes, pooled or not."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Any

from poollint.blocks import UNKNOWN, Setting
from poollint.readers.apache_backends import POOLED_SCHEMES
from poollint.readers.apache_state import MPM_DEFAULTS, State

if TYPE_CHECKING:
    from poollint.readers.apache_scope import Env, Server, Worker
    from poollint.readers.apache_values import Address

MAIN_FILES = ("httpd.conf", "apache2.conf")


class Finish(State):
    """The end of a reading."""

    def finish(self) -> None:
        base = os.path.basename(self.source.path)
        named = re.fullmatch(r"mpm_(prefork|worker|event)\.conf.*", base)
        if named is not None and not self.mpm:
            self.mpm = named[1]
        main = base in MAIN_FILES or self.listens
        complete = main and not self.unread and not self.uncertain
        self.finish_limits(complete=complete or (named is not None and not self.uncertain))
        for server in self.servers:
            self.finish_server(server, complete=complete)
        for server in self.servers:
            for worker in server.made:
                self.finish_worker(worker, server)
            for block, where in server.rewrites:
                block.facts["covered"] = self.covered(server, where)

    def finish_server(self, server: Server, *, complete: bool) -> None:
        block = server.block
        block.complete = complete
        unread = block.facts.pop("unread", False)
        mpm = self.mpm if self.mpm in MPM_DEFAULTS else ""
        tls = server.tls or (server.main is not None and server.main.tls)
        block.facts.update(complete=complete and not unread, mpm=mpm, tls=tls)
        block.links["server"] = self.main.block
        if server.main is not None:
            for name, setting in server.main.block.settings.items():
                if name not in block.settings:
                    block.settings[name] = setting.inherited()
        running = next((each for each in self.reading.blocks if each.kind == "mpm" and each.facts["mpm"] == mpm), None)
        block.links["mpm_block"] = running if mpm else None
        for worker in server.made:
            worker.block.facts["mpm"] = mpm
            worker.block.links["mpm_block"] = block.links["mpm_block"]

    def finish_limits(self, *, complete: bool) -> None:
        """One block for each processing module that a section is for, with the bare limits around it; one for these
        alone when they stand alone or another module runs."""
        sections = list(dict.fromkeys(mpm for mpm, _, _ in self.limits if mpm and mpm != "other"))
        bare = any(not mpm for mpm, _, _ in self.limits)
        kinds = list(sections)
        if bare and (not sections or (self.mpm and self.mpm not in sections)):
            kinds.append(self.mpm if self.mpm in MPM_DEFAULTS else "")
        for kind in kinds:
            mine = [(name, setting) for mpm, name, setting in self.limits if mpm in ("", kind)]
            if mine:
                self.limits_block(kind, mine, complete=complete)

    def limits_block(self, mpm: str, mine: list[tuple[str, Setting]], *, complete: bool) -> None:
        names = {name for name, _ in mine}
        if not mpm:
            if names & {"MinSpareServers", "MaxSpareServers"}:
                mpm = "prefork"
            elif "AsyncRequestWorkerFactor" in names:
                mpm = "event"
            elif names & {"ThreadsPerChild", "ThreadLimit", "MinSpareThreads", "MaxSpareThreads"}:
                mpm = "worker"
        place = mine[0][1].key_place
        assert place is not None
        block = self.block("mpm", mpm, place, path=f"mpm {mpm}".strip())
        for name, setting in mine:
            block.settings.pop(name, None)
            block.settings[name] = setting
        block.complete = complete or len(names) > 2
        block.facts.update(mpm=mpm, complete=block.complete)
        spec = block.spec
        assert spec is not None
        for name, value in MPM_DEFAULTS.get(mpm, {}).items():
            if name not in block.settings:
                default: Any = value if block.complete else UNKNOWN
                block.settings[name] = Setting(name, default, str(value), origin="default", spec=spec.settings[name])

    def covered(self, server: Server, where: Address) -> Any:
        """Whether a worker that keeps its connections serves what a rule hands on; UNKNOWN when that depends."""
        if not server.engine and not (server.main is not None and server.main.engine):
            return UNKNOWN
        for each in (server, server.main):
            if each is None:
                continue
            if each.workers.covering(where) is not None:
                return True
            if where.fixed != where.url and each.workers.within(where):
                return UNKNOWN
            if each.block.facts.get("complete") is False and self.unread:
                return UNKNOWN
        return False

    def finish_worker(self, worker: Worker, server: Server) -> None:
        facts = worker.block.facts
        scheme = facts["scheme"]
        envs = [
            env
            for each in (server, server.main)
            if each is not None
            for env in each.envs
            if self.reaches(env, worker, server)
        ]
        names = {env.name: env for env in envs}
        facts["initial_not_pooled"] = "proxy-initial-not-pooled" in names
        if scheme is UNKNOWN or worker.reuse is UNKNOWN or worker.address is None:
            facts["pooled"] = UNKNOWN
            return
        if scheme == "fcgi":
            pooled = worker.reuse is True
            facts["pooled"] = pooled
            facts["no_pool_reason"] = "" if pooled else "fcgi" if worker.reuse is None else "fcgi-told"
            return
        if scheme not in POOLED_SCHEMES:
            facts["pooled"] = UNKNOWN
            return
        reason = ""
        if worker.reuse is False:
            last = [name for name in worker.block.settings if name in ("disablereuse", "enablereuse")]
            reason = last[-1] if last else "disablereuse"
        elif "proxy-nokeepalive" in names:
            reason = "nokeepalive"
        elif "force-proxy-request-1.0" in names:
            reason = "http10"
        elif facts["substituted"]:
            reason = self.substituted(worker, server)
        facts["no_pool_reason"] = "" if reason == "?" else reason
        facts["pooled"] = UNKNOWN if reason == "?" else not reason
        if reason in ("nokeepalive", "http10"):
            name = "proxy-nokeepalive" if reason == "nokeepalive" else "force-proxy-request-1.0"
            worker.block.facts["env_place"] = names[name].place

    def substituted(self, worker: Worker, server: Server) -> str:
        """An address made from the request shares the pool of a plain one that covers it, whichever comes first."""
        assert worker.address is not None
        for each in (server, server.main):
            if each is None:
                continue
            others = each.plain()
            if others.covering(worker.address) is not None:
                return ""
            if others.within(worker.address):
                return "?"
        return "substituted"

    def reaches(self, env: Env, worker: Worker, server: Server) -> bool:
        """Whether a SetEnv holds for every request to one of the worker's paths."""
        if any(env.name in each.unset for each in (server, server.main) if each is not None):
            return False
        if not env.section:
            return True
        if env.section == "proxy":
            url = worker.block.facts["url"]
            pattern = env.argument.lower()
            return pattern == "*" or (
                url is not UNKNOWN and url.startswith(pattern.rstrip("*")) and "*" not in pattern[:-1]
            )
        holders, above = worker.reached_by()
        if env.holder is not None and id(env.holder) in holders:
            return True
        return env.section == "location" and not worker.match and env.argument in above
