# SPDX-License-Identifier: Apache-2.0
"""Demo activity: residents and officers act through the real actions under a simulated clock.

`time_us` of its events is simulated, `recorded_us` is real, every case is marked as demo.

    site/registers.py   who lives and trades in the city
    seasons.py          when people come, and for what
    forms.py            how they fill in forms; versions.py the changed form of a story
    papers.py           the documents they bring
    offices.py          officers, their hours, and the queues before them
    stories.py          what goes wrong behind the scenes, chosen by a seed
    instead.py          what they promise or commit to instead of bringing it; consents.py whom they ask
    agents.py           who files for somebody else, or for a firm
    play.py             the year, one act after the other; steps.py, transfers.py and ratings.py what is done
    beside.py           more time, joint visits, checks, results handed over and taken back
    lapses.py           limits missed, recorded when they fell due
"""

from zhengtong.site.demo.play import DAYS, Simulated, remembered_story, simulate

__all__ = ["DAYS", "Simulated", "remembered_story", "simulate"]
