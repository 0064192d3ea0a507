"""Broken stores: each must be caught by the conformance suite, or the suite has no teeth.

A saboteur breaks one promise and keeps the others. `SABOTEURS` names for each the case that is
there to catch it.
"""

from dataclasses import dataclass

from providers.memory import MemoryDriver
from providers.store import Store
from tests.providers import saboteurs_names as names
from tests.providers import saboteurs_objects as objects
from tests.providers import saboteurs_stores as stores
from tests.providers.harness_local import MemoryHarness, NoBucketDriver

__all__ = ["SABOTEURS", "Saboteur"]


@dataclass(frozen=True)
class Saboteur:
    """A broken driver and the case that must fail on it.

    Attributes:
        make: makes the broken driver.
        caught_by: name of a case, without parameters.
        no_bucket: makes the driver of a bucket that does not exist.
        store: the store around the driver.

    """

    make: type[MemoryDriver]
    caught_by: str
    no_bucket: type[NoBucketDriver] = NoBucketDriver
    store: type[Store] = Store

    @property
    def name(self) -> str:
        """Name of what is broken."""
        for part, honest in (
            (self.make, MemoryDriver),
            (self.no_bucket, NoBucketDriver),
            (self.store, Store),
        ):
            if part is not honest:
                return part.__name__
        return "nothing"

    def harness(self) -> MemoryHarness:
        """Return a harness whose stores are broken."""
        return MemoryHarness(self.make, self.no_bucket, self.store)


SABOTEURS = [
    Saboteur(objects.IgnoresCreateOnly, "test_create_twice"),
    Saboteur(objects.IgnoresVersion, "test_update_of_a_stale_version"),
    Saboteur(objects.IgnoresVersionOfAbsent, "test_update_of_an_absent_key"),
    Saboteur(objects.IgnoresConditionsOfLarge, "test_create_twice"),
    Saboteur(objects.ChecksThenWrites, "test_create_race"),
    Saboteur(objects.OverwritesOnFailure, "test_create_twice"),
    Saboteur(objects.SaysConflictForExists, "test_error_already_exists"),
    Saboteur(objects.RangeEndInclusive, "test_get_range"),
    Saboteur(objects.RangeStartOffByOne, "test_get_range"),
    Saboteur(objects.RangePastTheEndIsEmpty, "test_get_range_past_the_end"),
    Saboteur(objects.RangeMetaOfTheRange, "test_get_range"),
    Saboteur(objects.IgnoresIfMatchOfReads, "test_get_if_match"),
    Saboteur(objects.ServesStale, "test_get_sees_each_overwrite"),
    Saboteur(objects.ServesDeleted, "test_delete"),
    Saboteur(objects.FlipsOnRead, "test_get"),
    Saboteur(objects.ShowsUnfinishedUploads, "test_nothing_is_visible_before_the_end"),
    Saboteur(objects.KeepsAbortedParts, "test_abort_midway"),
    Saboteur(objects.SkipsAPart, "test_put_size"),
    Saboteur(objects.JoinsPartsAsTheyCame, "test_put_size"),
    Saboteur(objects.TruncatesLarge, "test_put_size"),
    Saboteur(objects.DropsEmptyObjects, "test_put_size"),
    Saboteur(objects.LosesMetadata, "test_put_metadata"),
    Saboteur(objects.LosesSha256, "test_put_records_sha256"),
    Saboteur(objects.KeepsOldMetadata, "test_put_metadata"),
    Saboteur(objects.HeadLiesAboutSize, "test_put_size"),
    Saboteur(objects.HeadNamesAnotherVersion, "test_put_size"),
    Saboteur(objects.ReusesVersions, "test_versions_never_repeat"),
    Saboteur(objects.DeleteOfAbsentRaises, "test_delete"),
    Saboteur(objects.DeletesThePrefix, "test_delete"),
    Saboteur(objects.DeletesTheFolder, "test_delete_leaves_what_is_below"),
    Saboteur(objects.IgnoresIfMatchOfDelete, "test_delete_if_match"),
    Saboteur(names.DropsTheLastPage, "test_list_pages"),
    Saboteur(names.RepeatsAPageEdge, "test_list_pages"),
    Saboteur(names.SortsByUtf16, "test_list_order"),
    Saboteur(names.SortsWithoutCase, "test_list_order"),
    Saboteur(names.StartAfterInclusive, "test_list_start_after"),
    Saboteur(names.StartAfterMustExist, "test_list_start_after"),
    Saboteur(names.PrefixIsAFolder, "test_list_prefix"),
    Saboteur(names.DirTakesNamesakesForBelow, "test_list_dir"),
    Saboteur(names.DirShowsWhatIsDeeper, "test_list_dir"),
    Saboteur(names.DirDropsAnObjectBesideItsPrefix, "test_object_beside_its_prefix"),
    Saboteur(names.FoldsCase, "test_exists"),
    Saboteur(names.PresignsInTheClear, "test_presign"),
    Saboteur(MemoryDriver, "test_missing_bucket", names.NotFoundForMissingBucket),
    Saboteur(MemoryDriver, "test_missing_bucket", names.UnavailableForMissingBucket),
    Saboteur(MemoryDriver, "test_put_keeps_no_buffer", store=stores.KeepsTheBuffer),
    Saboteur(MemoryDriver, "test_put_refuses_wrong_sha256", store=stores.ForgetsTheSha256),
    Saboteur(MemoryDriver, "test_tampered", store=stores.ReadsWithoutVerifying),
    Saboteur(MemoryDriver, "test_download_keeps_the_old_on_failure", store=stores.DownloadsInPlace),
    Saboteur(MemoryDriver, "test_download_resumes", store=stores.DownloadsWithoutResuming),
    Saboteur(MemoryDriver, "test_upload_resumes", store=stores.UploadsWithoutResuming),
    Saboteur(MemoryDriver, "test_list_is_lazy", store=stores.ListsEagerly),
    Saboteur(MemoryDriver, "test_invalid_keys", store=stores.CleansKeys),
    Saboteur(MemoryDriver, "test_invalid_keys", store=stores.TrustsAnyKey),
    Saboteur(names.RemembersFolders, "test_list_after_delete"),
    Saboteur(names.EmptyPrefixIsMissing, "test_list_empty"),
    Saboteur(names.ClosesOnce, "test_close_twice"),
    Saboteur(MemoryDriver, "test_put_refuses_bad_metadata", store=stores.CleansMetadata),
    Saboteur(MemoryDriver, "test_get_nonsense_range", store=stores.MakesSenseOfRanges),
    Saboteur(MemoryDriver, "test_error_of_the_source_is_not_ours", store=stores.TakesTheBlame),
    Saboteur(MemoryDriver, "test_put_of_an_absent_file", store=stores.TakesAbsentForEmpty),
]
